import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import { isAtRest } from "@wire/status.ts";
import { findStoppedStep, type RunAction } from "../../actions/run-action.ts";
import { runActionLabel } from "../../actions/texts.ts";
import { pageRows, queries } from "../../api/queries.ts";
import { Button, baseStyles } from "../../components/basics.tsx";
import { PayloadView } from "../../components/payload.tsx";
import { runReasonText } from "../../components/run-reason.tsx";
import { statusBadge } from "../../components/status.ts";
import { firstLine, joinNames, plural } from "../../components/text.ts";
import { formatDuration } from "../../components/time.ts";
import { RelativeTime, useNow } from "../../shell/clock.tsx";
import styles from "./run.module.css";

/** The state of the run: what happened, what is kept, and the next action. */
export function StateCard({
  run,
  graph,
  onSelect,
  onAction,
  onSend,
}: {
  run: RunDetail;
  graph: Graph | undefined;
  onSelect: (key: string) => void;
  onAction: (action: RunAction) => void;
  onSend: (event: { name: string; match: unknown }) => void;
}) {
  const { tone } = statusBadge(run);
  return (
    <section className={`${styles.card} ${baseStyles.toned}`} data-tone={tone} aria-label="Run state">
      <div className={styles.cardText}>
        <StateText run={run} graph={graph} onSelect={onSelect} />
      </div>
      <div className={styles.cardActions}>
        <CardActions run={run} onAction={onAction} onSend={onSend} />
      </div>
    </section>
  );
}

function StateText({
  run,
  graph,
  onSelect,
}: {
  run: RunDetail;
  graph: Graph | undefined;
  onSelect: (key: string) => void;
}) {
  switch (run.status) {
    case "failed":
    case "suspended":
    case "compensating":
      return <Stopped run={run} graph={graph} onSelect={onSelect} />;
    case "completed":
      return <Completed run={run} />;
    case "cancelled":
      return (
        <>
          <h2>Cancelled</h2>
          <p>{firstLine(run.reasonText ?? "")}</p>
          <Kept run={run} graph={graph} />
        </>
      );
    default:
      return <InProgress run={run} />;
  }
}

function Stopped({
  run,
  graph,
  onSelect,
}: {
  run: RunDetail;
  graph: Graph | undefined;
  onSelect: (key: string) => void;
}) {
  const key = findStoppedStep(run);
  const at = run.steps.findIndex((step) => step.key === key);
  const step = run.steps[at];
  const total = graph?.stepTotal ?? null;
  const word = statusBadge(run).label;
  const tries = step?.attempts.length ?? 0;
  const isFinal = run.error?.name === "NonRetryableError" || run.error?.cause?.name === "NonRetryableError";
  const message = run.error?.message ?? step?.error?.message ?? run.reasonText ?? "";
  return (
    <>
      <h2>
        {word}
        {key === null ? null : (
          <>
            {" at "}
            <button type="button" className={baseStyles.asLink} onClick={() => onSelect(key)}>
              {key}
            </button>
          </>
        )}
        {at < 0 ? null : ` (step ${at + 1}${total === null ? "" : ` of ${total}`})`}
        {tries === 0 ? null : `, ${plural(tries, "attempt")}`}
        {isFinal ? ", not retryable" : ""}
      </h2>
      <p className={baseStyles.message}>{firstLine(message)}</p>
      {run.status === "failed" && run.reason?.code !== "exhausted" && run.reason?.code !== "error" ? (
        <p>{firstLine(run.reasonText ?? "")}</p>
      ) : null}
      {run.status === "suspended" && run.reasonText !== null && run.reasonText !== message ? (
        <p>{firstLine(run.reasonText)}</p>
      ) : null}
      <Kept run={run} graph={graph} />
    </>
  );
}

const namesMax = 6;

/** Kept, undone and remaining steps, and the number of runs with the same error. */
function Kept({ run, graph }: { run: RunDetail; graph: Graph | undefined }) {
  const groups = useQuery({ ...queries.groups(), enabled: run.fingerprint !== null });
  const group = groups.data?.items.find((each) => each.fingerprint === run.fingerprint);
  const of = (status: string): readonly string[] =>
    run.steps.filter((step) => step.status === status && step.kind !== "undo").map((step) => step.key);
  const kept = of("completed");
  const undone = of("compensated");
  const seen = new Set(run.steps.map((step) => step.name));
  const notRun = (graph?.nodes ?? []).flatMap((node) =>
    node.step !== null && !seen.has(node.step) ? [node.step] : [],
  );
  return (
    <p className={styles.kept}>
      <span>
        <b>Kept:</b> {kept.length === 0 ? "nothing yet" : `outputs of ${plural(kept.length, "step")}`}
        {run.stepCount > pageRows ? " and more" : ""}.
      </span>{" "}
      {undone.length === 0 ? null : (
        <span>
          <b>Undone:</b> {joinNames(undone, namesMax)}.{" "}
        </span>
      )}
      {notRun.length === 0 ? null : (
        <span>
          <b>Not run:</b> {joinNames(notRun, namesMax)}.{" "}
        </span>
      )}
      {group === undefined || group.count < 2 ? null : (
        <span>
          Same error in {plural(group.count, "run")}, first seen <RelativeTime at={group.firstAt} /> ·{" "}
          <Link to="/errors/$fingerprint" params={{ fingerprint: group.fingerprint }}>
            view cause
          </Link>
        </span>
      )}
    </p>
  );
}

function Completed({ run }: { run: RunDetail }) {
  const usual = useQuery(queries.definition(run.name)).data?.recent;
  const took = run.endedAt === null ? 0 : Date.parse(run.endedAt) - Date.parse(run.createdAt);
  return (
    <>
      <h2>
        Completed in {formatDuration(took)}
        {usual?.p50Ms == null || usual.sampled < 5 ? "" : `, typically ${formatDuration(usual.p50Ms)}`}
      </h2>
      {run.output === null ? <p>No output</p> : <PayloadView value={run.output} label="run output" />}
    </>
  );
}

function InProgress({ run }: { run: RunDetail }) {
  const now = useNow();
  const open = run.steps.findLast((step) => step.endedAt === null);
  return (
    <>
      <h2>
        {statusBadge(run).label}
        {run.status === "running" && open !== undefined ? `: ${open.key}` : ""}
      </h2>
      <p>{runReasonText(run, now) || `${plural(run.stepsDone, "result")} recorded`}</p>
      {run.waits.length < 2 ? null : (
        <ul>
          {run.waits.slice(0, 5).map((wait) => (
            <li key={wait.step}>
              {wait.step}: {wait.kind} {wait.name === null ? "" : firstLine(wait.name)}, began{" "}
              <RelativeTime at={wait.since} />
              {wait.until === null ? null : (
                <>
                  , due <RelativeTime at={wait.until} />
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function CardActions({
  run,
  onAction,
  onSend,
}: {
  run: RunDetail;
  onAction: (action: RunAction) => void;
  onSend: (event: { name: string; match: unknown }) => void;
}) {
  const can = (verb: RunDetail["verbs"][number]): boolean => run.verbs.includes(verb);
  const step = findStoppedStep(run);
  const event = run.waits.find((wait) => wait.kind === "event" && wait.name !== null);
  return (
    <>
      {can("resume") ? (
        <>
          <Button variant="primary" hint="r" onClick={() => onAction({ verb: "resume" })}>
            {runActionLabel("resume", step)}
          </Button>
          <Button hint="e" onClick={() => onAction({ verb: "resume", withInput: true })}>
            Edit input & resume
          </Button>
        </>
      ) : null}
      {can("retry") && !can("resume") ? (
        <Button variant="primary" hint="r" onClick={() => onAction({ verb: "retry" })}>
          {runActionLabel("retry", null)}
        </Button>
      ) : null}
      {event === undefined || isAtRest(run.status) ? null : (
        <Button onClick={() => onSend({ name: event.name ?? "", match: event.match })}>Send {event.name}…</Button>
      )}
      {run.status === "completed" && can("rerun") ? (
        <Button onClick={() => onAction({ verb: "rerun" })}>{runActionLabel("rerun", null)}</Button>
      ) : null}
    </>
  );
}
