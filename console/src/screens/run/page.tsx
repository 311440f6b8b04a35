import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";
import { type CSSProperties, useCallback, useEffect, useState } from "react";
import type { VerbAsked } from "../../acts/asked.ts";
import { SendEvent } from "../../acts/send-event.tsx";
import { useStillLegal, VerbSheet } from "../../acts/verb-sheet.tsx";
import { live } from "../../api/live.ts";
import { reads } from "../../api/queries.ts";
import { Crumbs, Page } from "../../parts/page.tsx";
import { Head } from "../../parts/parts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { announce } from "../../shell/announce.tsx";
import { useKeys } from "../../shell/keys.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { useAskedByLink } from "./asked.ts";
import { StateCard } from "./card.tsx";
import { Drawer, type DrawerTab } from "./drawer.tsx";
import { RunFacts } from "./facts.tsx";
import styles from "./run.module.css";
import { useDrawerWidth } from "./separator.tsx";
import { stepToShow, useGraph, useSteps } from "./steps.ts";
import { StepsPanel, type View } from "./steps-panel.tsx";
import { Top } from "./top.tsx";

/** One run: where it stands, why, and what happens if I press this. */
export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const run = useQuery(reads.run(id));
  useWholeId(id, run.data?.id);
  return (
    <Page>
      {run.data === undefined ? (
        <>
          <Crumbs>
            <Link to="/runs">Runs</Link>
          </Crumbs>
          <Head title={`Run ${id}`} />
        </>
      ) : null}
      <Loaded of={run} rows={10}>
        {(data) => <Run key={data.id} run={data} />}
      </Loaded>
    </Page>
  );
}

/** A shortened id, or `latest`, becomes the run's own: what is told live is told under that. */
function useWholeId(asked: string, id: string | undefined): void {
  const navigate = useNavigate({ from: "/runs/$id" });
  useEffect(() => {
    if (id === undefined) return;
    if (id !== asked) void navigate({ params: { id }, search: (old) => old, replace: true });
    return live.want(`run:${id}`);
  }, [asked, id, navigate]);
}

function Run({ run }: { run: RunDetail }) {
  const search = useSearch({ from: "/runs/$id" });
  const navigate = useNavigate({ from: "/runs/$id" });
  const isReadOnly = useReadOnly();
  const width = useDrawerWidth();
  /** With what may be asked of it here. */
  const shown = isReadOnly ? { ...run, verbs: [] } : run;
  const [asked, setAsked] = useState<VerbAsked | null>(null);
  const [event, setEvent] = useState<{ name: string; match: unknown } | null>(null);
  const [rows, setRows] = useState({ first: 0, last: 0 });
  const graph = useGraph(run);
  const steps = useSteps(run, graph.data, rows.first, rows.last);
  const view = (search.view ?? "time") as View;
  const selected = search.step === "none" ? null : (search.step ?? stepToShow(run));
  const step = selected === null ? undefined : steps.find(selected);
  const tab = (search.tab ?? "result") as DrawerTab;
  const attempt = search.attempt === undefined ? (step?.attempts.at(-1)?.number ?? null) : Number(search.attempt);
  const set = useCallback(
    (next: Partial<typeof search>): void =>
      void navigate({ search: (old) => ({ ...old, ...next }), replace: true, resetScroll: false }),
    [navigate],
  );
  const showView = (next: View): void => set({ view: next === "time" ? undefined : next });
  const select = (key: string): void => set({ step: key, attempt: undefined });
  const close = useCallback(() => setAsked(null), []);
  const act = (next: VerbAsked): void => {
    if (isReadOnly) return;
    if (run.verbs.includes(next.verb)) setAsked(next);
    else announce(`A run that is ${run.status} cannot be asked to ${next.verb}`, { isProblem: true });
  };
  useStillLegal(run, asked, close);
  useAskedByLink(run, search.verb, isReadOnly, act, () => set({ verb: undefined }));
  const move = (by: number): void => {
    const keys = steps.known.map((each) => each.key);
    const at = selected === null ? -1 : keys.indexOf(selected);
    const next = keys[Math.max(0, Math.min(keys.length - 1, at + by))];
    if (next !== undefined) select(next);
  };
  const moveAttempt = (by: number): void => {
    const number = (attempt ?? 1) + by;
    if (step?.attempts.some((each) => each.number === number)) set({ attempt: String(number), tab: "attempts" });
  };
  const goOn: Verb = run.verbs.includes("resume") ? "resume" : run.verbs.includes("retry") ? "retry" : "rerun";
  useKeys([
    { keys: "j", label: "Next step", run: () => move(1) },
    { keys: "k", label: "Step before", run: () => move(-1) },
    { keys: "]", label: "Next attempt", run: () => moveAttempt(1) },
    { keys: "[", label: "Attempt before", run: () => moveAttempt(-1) },
    { keys: "v", label: "Timeline or graph", run: () => showView(view === "graph" ? "time" : "graph") },
    { keys: "r", label: "Resume, retry or run again", run: () => act({ verb: goOn }) },
    {
      keys: "e",
      label: "Edit the input and resume",
      run: () => act({ verb: run.verbs.includes("resume") ? "resume" : "rerun", withInput: true }),
    },
    {
      keys: "s",
      label: "Complete the step by hand",
      run: () =>
        act({
          verb: "complete-step",
          ...(step === undefined || step.status === "completed" ? {} : { step: step.key }),
        }),
    },
    { keys: "Shift-C", label: "Cancel the run", run: () => act({ verb: "cancel" }) },
    {
      keys: "d",
      label: "Compare with the last good run",
      run: () => void navigate({ to: "/compare", search: { a: run.id } }),
    },
    {
      keys: "p",
      label: "Go to the parent run",
      run: () => run.parentId !== null && void navigate({ to: "/runs/$id", params: { id: run.parentId } }),
    },
  ]);
  const onRows = useCallback((first: number, last: number) => setRows({ first, last }), []);
  return (
    <>
      <Top run={shown} onAct={setAsked} />
      <RunFacts run={run} />
      <StateCard run={shown} graph={graph.data} onSelect={select} onAct={setAsked} onSend={setEvent} />
      <div
        className={styles.parts}
        data-drawer={step !== undefined}
        style={{ "--drawer": `${width.px}px` } as CSSProperties}
      >
        <StepsPanel
          run={run}
          steps={steps}
          graph={graph}
          view={view}
          onView={showView}
          selected={selected}
          onSelect={select}
          onRows={onRows}
        />
        {step === undefined ? null : (
          <Drawer
            run={shown}
            step={step}
            graph={graph.data}
            tab={tab}
            onTab={(next) => set({ tab: next })}
            attempt={attempt}
            onAttempt={(number) => set({ attempt: String(number), tab: "attempts" })}
            onMove={move}
            onAct={setAsked}
            onClose={() => set({ step: "none" })}
            width={width}
          />
        )}
      </div>
      {asked === null ? null : <VerbSheet key={JSON.stringify(asked)} run={run} asked={asked} onClose={close} />}
      {event === null ? null : <SendEvent {...event} onClose={() => setEvent(null)} />}
    </>
  );
}
