import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";
import { type CSSProperties, useCallback, useEffect, useState } from "react";
import type { RunAction } from "../../actions/run-action.ts";
import { RunActionDialog, useCloseIfNotAllowed } from "../../actions/run-action-dialog.tsx";
import { SendEventDialog } from "../../actions/send-event-dialog.tsx";
import { live } from "../../api/live.ts";
import { queries } from "../../api/queries.ts";
import { PageHeader } from "../../components/basics.tsx";
import { Breadcrumbs, Page } from "../../components/page.tsx";
import { Loaded } from "../../components/states.tsx";
import { announce } from "../../shell/announce.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { useActionFromLink } from "./action-from-link.ts";
import { Drawer, type DrawerTab } from "./drawer.tsx";
import { RunFacts } from "./facts.tsx";
import styles from "./run.module.css";
import { RunHeader } from "./run-header.tsx";
import { useDrawerWidth } from "./separator.tsx";
import { StateCard } from "./state-card.tsx";
import { defaultStep, useGraph, useSteps } from "./steps.ts";
import { StepsPanel, type View } from "./steps-panel.tsx";

/** One run: its state, the reason, its steps, and the possible actions. */
export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const run = useQuery(queries.run(id));
  useFullId(id, run.data?.id);
  return (
    <Page>
      {run.data === undefined ? (
        <>
          <Breadcrumbs>
            <Link to="/runs">Runs</Link>
          </Breadcrumbs>
          <PageHeader title={`Run ${id}`} />
        </>
      ) : null}
      <Loaded query={run} rows={10}>
        {(data) => <Run key={data.id} run={data} />}
      </Loaded>
    </Page>
  );
}

/** Replaces a shortened id or `latest` in the address with the full id, and subscribes to the run's live updates. */
function useFullId(given: string, id: string | undefined): void {
  const navigate = useNavigate({ from: "/runs/$id" });
  useEffect(() => {
    if (id === undefined) return;
    if (id !== given) void navigate({ params: { id }, search: (old) => old, replace: true });
    return live.subscribe(`run:${id}`);
  }, [given, id, navigate]);
}

function Run({ run }: { run: RunDetail }) {
  const search = useSearch({ from: "/runs/$id" });
  const navigate = useNavigate({ from: "/runs/$id" });
  const isReadOnly = useReadOnly();
  const width = useDrawerWidth();
  /** The run without actions if the server is read-only. */
  const shown = isReadOnly ? { ...run, verbs: [] } : run;
  const [action, setAction] = useState<RunAction | null>(null);
  const [event, setEvent] = useState<{ name: string; match: unknown } | null>(null);
  const [rows, setRows] = useState({ first: 0, last: 0 });
  const graph = useGraph(run);
  const steps = useSteps(run, graph.data, rows.first, rows.last);
  const view = (search.view ?? "time") as View;
  const selected = search.step === "none" ? null : (search.step ?? defaultStep(run));
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
  const close = useCallback(() => setAction(null), []);
  const openDialog = (next: RunAction): void => {
    if (isReadOnly) return;
    if (run.verbs.includes(next.verb)) setAction(next);
    else announce(`The run is ${run.status}: ${next.verb} is not possible`, { isProblem: true });
  };
  useCloseIfNotAllowed(run, action, close);
  useActionFromLink(run, search.verb, isReadOnly, openDialog, () => set({ verb: undefined }));
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
  const mainVerb: Verb = run.verbs.includes("resume") ? "resume" : run.verbs.includes("retry") ? "retry" : "rerun";
  useShortcuts([
    { keys: "j", label: "Next step", run: () => move(1) },
    { keys: "k", label: "Previous step", run: () => move(-1) },
    { keys: "]", label: "Next attempt", run: () => moveAttempt(1) },
    { keys: "[", label: "Previous attempt", run: () => moveAttempt(-1) },
    { keys: "v", label: "Switch between timeline and graph", run: () => showView(view === "graph" ? "time" : "graph") },
    { keys: "r", label: "Resume, retry or run again", run: () => openDialog({ verb: mainVerb }) },
    {
      keys: "e",
      label: "Edit input and resume",
      run: () => openDialog({ verb: run.verbs.includes("resume") ? "resume" : "rerun", withInput: true }),
    },
    {
      keys: "s",
      label: "Complete the step manually",
      run: () =>
        openDialog({
          verb: "complete-step",
          ...(step === undefined || step.status === "completed" ? {} : { step: step.key }),
        }),
    },
    { keys: "Shift-C", label: "Cancel the run", run: () => openDialog({ verb: "cancel" }) },
    {
      keys: "d",
      label: "Compare with the last completed run",
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
      <RunHeader run={shown} onAction={setAction} />
      <RunFacts run={run} />
      <StateCard run={shown} graph={graph.data} onSelect={select} onAction={setAction} onSend={setEvent} />
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
            onAction={setAction}
            onClose={() => set({ step: "none" })}
            width={width}
          />
        )}
      </div>
      {action === null ? null : (
        <RunActionDialog key={JSON.stringify(action)} run={run} action={action} onClose={close} />
      )}
      {event === null ? null : <SendEventDialog {...event} onClose={() => setEvent(null)} />}
    </>
  );
}
