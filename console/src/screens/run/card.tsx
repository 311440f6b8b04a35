import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import { isAtRest } from "@wire/status.ts";
import { stoppedAt, type VerbAsked } from "../../acts/asked.ts";
import { labelOf } from "../../acts/words.ts";
import { pageRows, reads } from "../../api/queries.ts";
import { Button, partStyles } from "../../parts/parts.tsx";
import { PayloadView } from "../../parts/payload.tsx";
import { duration } from "../../parts/time.ts";
import { whyText } from "../../parts/why.tsx";
import { firstLine, listed, plural, shownStatus } from "../../parts/words.ts";
import { Ago, useNow } from "../../shell/clock.tsx";
import styles from "./run.module.css";

/** Where the run stands in words: what happened, what that means, and the one thing to do about it. */
export function StateCard({
  run,
  graph,
  onSelect,
  onAct,
  onSend,
}: {
  run: RunDetail;
  graph: Graph | undefined;
  onSelect: (key: string) => void;
  onAct: (asked: VerbAsked) => void;
  onSend: (event: { name: string; match: unknown }) => void;
}) {
  const { tone } = shownStatus(run);
  return (
    <section className={`${styles.card} ${partStyles.toned}`} data-tone={tone} aria-label="Where it stands">
      <div className={styles.cardText}>
        <What run={run} graph={graph} onSelect={onSelect} />
      </div>
      <div className={styles.cardActs}>
        <Acts run={run} onAct={onAct} onSend={onSend} />
      </div>
    </section>
  );
}

function What({ run, graph, onSelect }: { run: RunDetail; graph: Graph | undefined; onSelect: (key: string) => void }) {
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
      return <GoingOn run={run} />;
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
  const key = stoppedAt(run);
  const at = run.steps.findIndex((step) => step.key === key);
  const step = run.steps[at];
  const total = graph?.stepTotal ?? null;
  const word = shownStatus(run).word;
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
            <button type="button" className={partStyles.asLink} onClick={() => onSelect(key)}>
              {key}
            </button>
          </>
        )}
        {at < 0 ? null : ` (step ${at + 1}${total === null ? "" : ` of ${total}`})`}
        {tries === 0 ? null : `, ${plural(tries, "attempt")}`}
        {isFinal ? ", not retryable" : ""}
      </h2>
      <p className={partStyles.message}>{firstLine(message)}</p>
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

/** What is kept, what was undone, what has not run, and who else has the same error. */
function Kept({ run, graph }: { run: RunDetail; graph: Graph | undefined }) {
  const groups = useQuery({ ...reads.groups(), enabled: run.fingerprint !== null });
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
          <b>Undone:</b> {listed(undone, namesMax)}.{" "}
        </span>
      )}
      {notRun.length === 0 ? null : (
        <span>
          <b>Not run:</b> {listed(notRun, namesMax)}.{" "}
        </span>
      )}
      {group === undefined || group.count < 2 ? null : (
        <span>
          Same error in {plural(group.count, "run")} since <Ago at={group.firstAt} /> ·{" "}
          <Link to="/errors/$fingerprint" params={{ fingerprint: group.fingerprint }}>
            see the group
          </Link>
        </span>
      )}
    </p>
  );
}

function Completed({ run }: { run: RunDetail }) {
  const usual = useQuery(reads.definition(run.name)).data?.recent;
  const took = run.endedAt === null ? 0 : Date.parse(run.endedAt) - Date.parse(run.createdAt);
  return (
    <>
      <h2>
        Completed in {duration(took)}
        {usual?.p50Ms == null || usual.sampled < 5 ? "" : `, usually ${duration(usual.p50Ms)}`}
      </h2>
      {run.output === null ? (
        <p>It gave nothing back.</p>
      ) : (
        <PayloadView value={run.output} label="output of the run" />
      )}
    </>
  );
}

function GoingOn({ run }: { run: RunDetail }) {
  const now = useNow();
  const open = run.steps.findLast((step) => step.endedAt === null);
  return (
    <>
      <h2>
        {shownStatus(run).word}
        {run.status === "running" && open !== undefined ? `: ${open.key}` : ""}
      </h2>
      <p>{whyText(run, now) || `${plural(run.stepsDone, "result")} recorded`}</p>
      {run.waits.length < 2 ? null : (
        <ul>
          {run.waits.slice(0, 5).map((wait) => (
            <li key={wait.step}>
              {wait.step}: {wait.kind} {wait.name === null ? "" : firstLine(wait.name)} since <Ago at={wait.since} />
              {wait.until === null ? null : (
                <>
                  , due <Ago at={wait.until} />
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Acts({
  run,
  onAct,
  onSend,
}: {
  run: RunDetail;
  onAct: (asked: VerbAsked) => void;
  onSend: (event: { name: string; match: unknown }) => void;
}) {
  const can = (verb: RunDetail["verbs"][number]): boolean => run.verbs.includes(verb);
  const step = stoppedAt(run);
  const event = run.waits.find((wait) => wait.kind === "event" && wait.name !== null);
  return (
    <>
      {can("resume") ? (
        <>
          <Button look="primary" hint="r" onClick={() => onAct({ verb: "resume" })}>
            {labelOf("resume", step)}
          </Button>
          <Button hint="e" onClick={() => onAct({ verb: "resume", withInput: true })}>
            Edit input & resume
          </Button>
        </>
      ) : null}
      {can("retry") && !can("resume") ? (
        <Button look="primary" hint="r" onClick={() => onAct({ verb: "retry" })}>
          {labelOf("retry", null)}
        </Button>
      ) : null}
      {event === undefined || isAtRest(run.status) ? null : (
        <Button onClick={() => onSend({ name: event.name ?? "", match: event.match })}>Send {event.name}…</Button>
      )}
      {run.status === "completed" && can("rerun") ? (
        <Button onClick={() => onAct({ verb: "rerun" })}>{labelOf("rerun", null)}</Button>
      ) : null}
    </>
  );
}
