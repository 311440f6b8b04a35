import { useQuery } from "@tanstack/react-query";
import type { Graph } from "@wire/graph.ts";
import type { LogEntry } from "@wire/history.ts";
import type { RunDetail } from "@wire/run.ts";
import type { RunError } from "@wire/run-error.ts";
import type { Attempt, Step } from "@wire/step.ts";
import type { Verb } from "@wire/verb.ts";
import type { VerbAsked } from "../../acts/verb-sheet.tsx";
import { labelOf } from "../../acts/words.ts";
import { reads } from "../../api/queries.ts";
import { Button, partStyles, StepPill, Tabs } from "../../parts/parts.tsx";
import { PayloadView } from "../../parts/payload.tsx";
import { duration } from "../../parts/time.ts";
import { plain } from "../../parts/words.ts";
import { Moment } from "../../shell/clock.tsx";
import styles from "./drawer.module.css";

export type DrawerTab = "result" | "input" | "attempts" | "logs" | "policy";

/** One step in full, and what may be asked of the run at it. */
export function Drawer({
  run,
  step,
  graph,
  tab,
  onTab,
  attempt,
  onAttempt,
  onMove,
  onAct,
  onClose,
}: {
  run: RunDetail;
  step: Step;
  graph: Graph | undefined;
  tab: DrawerTab;
  onTab: (tab: DrawerTab) => void;
  attempt: number | null;
  onAttempt: (number: number) => void;
  onMove: (by: number) => void;
  onAct: (asked: VerbAsked) => void;
  onClose: () => void;
}) {
  const logs = useQuery(reads.logs(run.id));
  const lines = (logs.data?.items ?? []).filter((line) => line.step === step.key);
  const name = "step";
  return (
    <aside className={styles.drawer} aria-label={`Step ${step.key}`}>
      <header className={styles.head}>
        <StepPill status={step.status} />
        <h2>{step.key}</h2>
        <span className={styles.moves}>
          <Button look="quiet" aria-label="Step before" onClick={() => onMove(-1)}>
            ↑
          </Button>
          <Button look="quiet" aria-label="Next step" onClick={() => onMove(1)}>
            ↓
          </Button>
          <Button look="quiet" aria-label="Close the step" onClick={onClose}>
            ✕
          </Button>
        </span>
      </header>
      <Tabs<DrawerTab>
        name={name}
        chosen={tab}
        onChoose={onTab}
        tabs={[
          { id: "result", label: step.error === null ? "Output" : "Error" },
          { id: "input", label: "Input" },
          { id: "attempts", label: `Attempts ${step.attempts.length}` },
          { id: "logs", label: `Logs ${lines.length}` },
          { id: "policy", label: "Definition" },
        ]}
      />
      <div className={styles.body} role="tabpanel" aria-labelledby={`${name}-${tab}`} key={step.key}>
        {tab === "result" ? <Result step={step} /> : null}
        {tab === "input" ? <Input run={run} step={step} /> : null}
        {tab === "attempts" ? <Attempts step={step} chosen={attempt} onChoose={onAttempt} /> : null}
        {tab === "logs" ? <Logs lines={lines} /> : null}
        {tab === "policy" ? <Policy run={run} step={step} graph={graph} /> : null}
      </div>
      <StepActs run={run} step={step} onAct={onAct} />
    </aside>
  );
}

function Result({ step }: { step: Step }) {
  if (step.error !== null) return <ErrorView error={step.error} />;
  if (step.status === "completed" || step.status === "compensated" || step.output !== null)
    return <PayloadView value={step.output} label={`output of ${step.key}`} />;
  const { progress } = step;
  return (
    <p className={partStyles.muted}>
      {step.status === "running" ? "It runs; its output comes with its end." : "There is no output yet."}
      {progress === undefined
        ? null
        : ` ${progress.share === null ? "" : `${Math.round(progress.share * 100)} %`} ${progress.note ?? ""}`}
    </p>
  );
}

/** An error with its cause; frames of libraries are folded, since the author's own come first. */
export function ErrorView({ error }: { error: RunError }) {
  const frames = (error.stack ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at "));
  const own = frames.filter((line) => !/node_modules|node:internal|\/baton\/(src|dist)\//.test(line));
  const others = frames.filter((line) => !own.includes(line));
  return (
    <div className={styles.error}>
      <p className={styles.message}>{plain(error.message)}</p>
      <pre>
        {plain(error.name)}
        {error.code === undefined ? "" : ` [${plain(error.code)}]`}
        {own.slice(0, 12).map((line) => `\n  ${plain(line)}`)}
      </pre>
      {others.length === 0 ? null : (
        <details>
          <summary>{others.length} frames of libraries</summary>
          <pre>{others.map((line) => `  ${plain(line)}`).join("\n")}</pre>
        </details>
      )}
      {error.details === undefined || error.details === null ? null : (
        <PayloadView value={error.details} label="details of the error" />
      )}
      {error.cause === undefined || error.cause === null ? null : (
        <>
          <h3>Caused by</h3>
          <ErrorView error={error.cause} />
        </>
      )}
    </div>
  );
}

function Input({ run, step }: { run: RunDetail; step: Step }) {
  if (step.input !== null) return <PayloadView value={step.input} label={`input of ${step.key}`} />;
  return (
    <>
      <p className={partStyles.muted}>This step declares no input of its own. The run's:</p>
      <PayloadView value={run.input} label="input of the run" />
    </>
  );
}

function Attempts({
  step,
  chosen,
  onChoose,
}: {
  step: Step;
  chosen: number | null;
  onChoose: (number: number) => void;
}) {
  if (step.attempts.length === 0) return <p className={partStyles.muted}>It was not attempted.</p>;
  return (
    <ol className={styles.attempts}>
      {step.attempts.map((attempt) => (
        <li key={`${attempt.round} ${attempt.number}`} data-chosen={attempt.number === chosen}>
          <button type="button" onClick={() => onChoose(attempt.number)} aria-expanded={attempt.number === chosen}>
            <strong>{attempt.number}</strong> {attempt.status} · {lengthOf(attempt)} ·{" "}
            <Moment at={attempt.startedAt} isBare={true} />
            {attempt.round > 0 ? ` · after ${attempt.round} ${attempt.round === 1 ? "act" : "acts"} of a person` : ""}
          </button>
          {attempt.error === null ? null : attempt.number === chosen ? (
            <ErrorView error={attempt.error} />
          ) : (
            <p className={styles.message}>{plain(attempt.error.message.split("\n", 1)[0] ?? "")}</p>
          )}
        </li>
      ))}
    </ol>
  );
}

function lengthOf({ startedAt, endedAt }: Attempt): string {
  return endedAt === null ? "under way" : duration(Date.parse(endedAt) - Date.parse(startedAt));
}

export function Logs({ lines }: { lines: readonly LogEntry[] }) {
  if (lines.length === 0)
    return <p className={partStyles.muted}>Nothing was logged. In code: attempt.log("…") or ctx.log("…").</p>;
  return (
    <ol className={styles.logs}>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added
        <li key={i} data-level={line.level}>
          <Moment at={line.at} isBare={true} isTimeOnly={true} /> <b>{line.level}</b> {plain(line.message)}
          {line.data === null ? "" : ` ${plain(JSON.stringify(line.data))}`}
        </li>
      ))}
    </ol>
  );
}

function Policy({ run, step, graph }: { run: RunDetail; step: Step; graph: Graph | undefined }) {
  const node = graph?.nodes.find((each) => each.step === step.name);
  const recent = useQuery(reads.definition(run.name)).data?.recent.steps.find((each) => each.name === step.name);
  return (
    <dl className={styles.facts}>
      <div>
        <dt>Kind</dt>
        <dd>{step.kind}</dd>
      </div>
      <div>
        <dt>Options</dt>
        <dd>{node?.options == null ? "those of the workflow" : <code>{node.options}</code>}</dd>
      </div>
      <div>
        <dt>Undo</dt>
        <dd>{node === undefined ? "not known here" : node.hasUndo ? "says how" : "none: what it does stays done"}</dd>
      </div>
      <div>
        <dt>Idempotency key</dt>
        <dd>
          one for all attempts: <code>{`${run.id}:${step.key}`}</code>
        </dd>
      </div>
      {recent === undefined ? null : (
        <div>
          <dt>Lately</dt>
          <dd>
            p50 {duration(recent.p50Ms)}, p95 {duration(recent.p95Ms)}; {recent.failed} of {recent.count} failed,{" "}
            {recent.retried} retried
          </dd>
        </div>
      )}
    </dl>
  );
}

const stepVerbs = ["restart", "complete-step"] as const satisfies readonly Verb[];

/** What may be asked of the run at this step. */
function StepActs({ run, step, onAct }: { run: RunDetail; step: Step; onAct: (asked: VerbAsked) => void }) {
  const isOpen = step.status !== "completed";
  const verbs = stepVerbs.filter(
    (verb) => run.verbs.includes(verb) && step.status !== "pending" && (verb === "restart" || isOpen),
  );
  if (verbs.length === 0) return null;
  return (
    <footer className={styles.acts}>
      {verbs.map((verb) => (
        <Button key={verb} onClick={() => onAct({ verb, step: step.key })}>
          {labelOf(verb, step.key)}
        </Button>
      ))}
    </footer>
  );
}
