import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";
import { useCallback, useEffect, useState } from "react";
import { SendEvent } from "../../acts/send-event.tsx";
import { useStillLegal, type VerbAsked, VerbSheet } from "../../acts/verb-sheet.tsx";
import { labelOf } from "../../acts/words.ts";
import { live } from "../../api/live.ts";
import { reads } from "../../api/queries.ts";
import { Button, Chip, RunPill } from "../../parts/parts.tsx";
import { Empty, Loaded, Problem } from "../../parts/states.tsx";
import { duration } from "../../parts/time.ts";
import { copy } from "../../shell/announce.tsx";
import { Moment, useNow } from "../../shell/clock.tsx";
import { useKeys } from "../../shell/keys.ts";
import { StateCard } from "./card.tsx";
import { Drawer, type DrawerTab } from "./drawer.tsx";
import { GraphTab } from "./graph-tab.tsx";
import { History } from "./history.tsx";
import styles from "./run.module.css";
import { stepToShow, useGraph, useSteps } from "./steps.ts";
import { Timeline } from "./timeline.tsx";

/** One run: where it stands, why, and what happens if I press this. */
export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const run = useQuery(reads.run(id));
  useEffect(() => live.want(`run:${id}`), [id]);
  return (
    <Loaded of={run} rows={10}>
      {(data) => <Run key={data.id} run={data} />}
    </Loaded>
  );
}

type View = "time" | "graph" | "events";

function Run({ run }: { run: RunDetail }) {
  const search = useSearch({ from: "/runs/$id" });
  const navigate = useNavigate({ from: "/runs/$id" });
  const server = useQuery(reads.server());
  const isReadOnly = server.data?.isReadOnly ?? false;
  const [asked, setAsked] = useState<VerbAsked | null>(null);
  const [event, setEvent] = useState<{ name: string; match: unknown } | null>(null);
  const [isFolded, setFolded] = useState(true);
  const [withPath, setPath] = useState(true);
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
  const select = (key: string): void => set({ step: key, attempt: undefined });
  const close = useCallback(() => setAsked(null), []);
  const act = (next: VerbAsked): void => {
    if (!isReadOnly && run.verbs.includes(next.verb)) setAsked(next);
  };
  useStillLegal(run, asked, close);
  useAskedByLink(run, search.verb, act, () => set({ verb: undefined }));
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
    { keys: "v", label: "Timeline or graph", run: () => set({ view: view === "graph" ? undefined : "graph" }) },
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
    { keys: "d", label: "Compare with the last good run", run: () => void navigate({ href: `/compare?a=${run.id}` }) },
    {
      keys: "p",
      label: "Go to the parent run",
      run: () => run.parentId !== null && void navigate({ to: "/runs/$id", params: { id: run.parentId } }),
    },
  ]);
  const onView = useCallback((first: number, last: number) => setRows({ first, last }), []);
  return (
    <article className={styles.page}>
      <Crumbs run={run} isReadOnly={isReadOnly} onAct={setAsked} />
      <Facts run={run} />
      <StateCard
        run={isReadOnly ? { ...run, verbs: [] } : run}
        graph={graph.data}
        onSelect={select}
        onAct={setAsked}
        onSend={setEvent}
      />
      <div className={styles.parts} data-drawer={step !== undefined}>
        <section className={styles.panel} aria-label="Steps">
          <div className={styles.views}>
            <Chip isPressed={view === "time"} onClick={() => set({ view: undefined })}>
              Timeline
            </Chip>
            <Chip isPressed={view === "graph"} onClick={() => set({ view: "graph" })}>
              Graph
            </Chip>
            <Chip isPressed={view === "events"} onClick={() => set({ view: "events" })}>
              History
            </Chip>
            {view === "time" ? (
              <span className={styles.switches}>
                <Chip isPressed={isFolded} onClick={() => setFolded(!isFolded)}>
                  Hide idle time
                </Chip>
                <Chip isPressed={withPath} onClick={() => setPath(!withPath)}>
                  Critical path
                </Chip>
              </span>
            ) : null}
          </div>
          {view === "time" ? (
            <Timeline
              run={run}
              steps={steps}
              selected={selected}
              onSelect={select}
              onView={onView}
              isFolded={isFolded}
              withPath={withPath}
            />
          ) : null}
          {view === "graph" ? (
            graph.data === undefined ? (
              graph.isError ? (
                <Problem error={graph.error} />
              ) : null
            ) : (
              <GraphTab run={run} graph={graph.data} steps={steps} selected={selected} onSelect={select} />
            )
          ) : null}
          {view === "events" ? <History run={run} isReadOnly={isReadOnly} /> : null}
          {view === "time" && steps.count === 0 ? <Empty title="No step has begun yet" /> : null}
        </section>
        {step === undefined ? null : (
          <Drawer
            run={isReadOnly ? { ...run, verbs: [] } : run}
            step={step}
            graph={graph.data}
            tab={tab}
            onTab={(next) => set({ tab: next })}
            attempt={attempt}
            onAttempt={(number) => set({ attempt: String(number), tab: "attempts" })}
            onMove={move}
            onAct={setAsked}
            onClose={() => set({ step: "none" })}
          />
        )}
      </div>
      {asked === null ? null : <VerbSheet key={JSON.stringify(asked)} run={run} asked={asked} onClose={close} />}
      {event === null ? null : <SendEvent {...event} onClose={() => setEvent(null)} />}
    </article>
  );
}

/** A list that was asked for a verb leads here with it: the sheet opens once, and the address forgets it. */
function useAskedByLink(
  run: RunDetail,
  verb: string | undefined,
  act: (asked: VerbAsked) => void,
  forget: () => void,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each address
  useEffect(() => {
    if (verb === undefined) return;
    const wanted =
      verb === "go-on"
        ? run.verbs.find((each) => each === "resume" || each === "retry")
        : run.verbs.find((each) => each === verb);
    if (wanted !== undefined) act({ verb: wanted });
    forget();
  }, [verb]);
}

const shownElsewhere: readonly Verb[] = ["resume", "retry", "restart"];

function Crumbs({
  run,
  isReadOnly,
  onAct,
}: {
  run: RunDetail;
  isReadOnly: boolean;
  onAct: (asked: VerbAsked) => void;
}) {
  const verbs = isReadOnly ? [] : run.verbs.filter((verb) => !shownElsewhere.includes(verb));
  return (
    <header className={styles.top}>
      <div className={styles.title}>
        <nav aria-label="Where this is">
          <Link to="/runs">Runs</Link> /{" "}
          <Link to={`/workflows/${encodeURIComponent(run.name)}` as "/"}>{run.name}</Link>
        </nav>
        <h1>
          <RunPill run={run} /> {run.name}{" "}
          {run.key === null ? null : (
            <Link to={`/k/${encodeURIComponent(run.key)}` as "/"} className={styles.key}>
              {run.key}
            </Link>
          )}
        </h1>
      </div>
      <div className={styles.acts}>
        <Link className={styles.linkButton} to={`/compare?a=${run.id}` as "/"}>
          Compare… <kbd aria-hidden="true">d</kbd>
        </Link>
        <details className={styles.more}>
          <summary>More ▾</summary>
          <ul>
            {verbs.map((verb) => (
              <li key={verb}>
                <Button look="quiet" onClick={() => onAct({ verb })}>
                  {labelOf(verb, null)}
                </Button>
              </li>
            ))}
            {verbs.includes("rerun") ? (
              <li>
                <Button look="quiet" onClick={() => onAct({ verb: "rerun", withInput: true })}>
                  Run again with edited input
                </Button>
              </li>
            ) : null}
            <li>
              <Button look="quiet" onClick={() => void copy(`baton show ${run.id}`, "the command")}>
                Copy as CLI
              </Button>
            </li>
            <li>
              <a href={`/api/runs/${run.id}/export`} download={`${run.id}.json`}>
                Export with its history
              </a>
            </li>
          </ul>
        </details>
      </div>
    </header>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const now = useNow();
  const took = (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.createdAt);
  return (
    <dl className={styles.facts}>
      <div>
        <dt>Run</dt>
        <dd>
          <button
            type="button"
            className={styles.id}
            onClick={() => void copy(run.id, "the run's id")}
            title="Copy the id"
          >
            {run.id}
          </button>
        </dd>
      </div>
      <div>
        <dt>Version</dt>
        <dd>
          v{run.version}
          {run.liveVersion === null || run.liveVersion === run.version ? null : (
            <small> (live is v{run.liveVersion})</small>
          )}
        </dd>
      </div>
      <div>
        <dt>Started</dt>
        <dd>
          <Moment at={run.createdAt} />
        </dd>
      </div>
      <div>
        <dt>Took</dt>
        <dd>
          {duration(took)} · busy {duration(run.busyMs)}
        </dd>
      </div>
      <div>
        <dt>Started by</dt>
        <dd>
          <StartedBy run={run} />
        </dd>
      </div>
      {run.parentId === null ? null : (
        <div>
          <dt>Parent</dt>
          <dd>
            <Link to="/runs/$id" params={{ id: run.parentId }}>
              {run.parentId}
            </Link>
          </dd>
        </div>
      )}
      {run.children.length === 0 ? null : (
        <div>
          <dt>Children</dt>
          <dd>
            {run.children.slice(0, 5).map((child) => (
              <Link key={child.id} to="/runs/$id" params={{ id: child.id }}>
                {child.step} ({child.status}){" "}
              </Link>
            ))}
            {run.children.length > 5 ? `and ${run.children.length - 5} more` : ""}
          </dd>
        </div>
      )}
      {run.continuedAs === null ? null : (
        <div>
          <dt>Went on as</dt>
          <dd>
            <Link to="/runs/$id" params={{ id: run.continuedAs }}>
              {run.continuedAs}
            </Link>
          </dd>
        </div>
      )}
    </dl>
  );
}

function StartedBy({ run: { startedBy } }: { run: RunDetail }) {
  const { by, event, rerunOf, schedule } = startedBy;
  if (rerunOf !== undefined)
    return (
      <>
        {by}, again after{" "}
        <Link to="/runs/$id" params={{ id: rerunOf }}>
          {rerunOf}
        </Link>
      </>
    );
  if (schedule !== undefined)
    return <Link to={`/schedules/${encodeURIComponent(schedule)}` as "/"}>schedule {schedule}</Link>;
  if (event !== undefined) return <>event {event}</>;
  return <>{by}</>;
}
