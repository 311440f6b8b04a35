import { useQuery } from "@tanstack/react-query";
import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Step } from "@wire/step.ts";
import type { Verb } from "@wire/verb.ts";
import type { RunAction } from "../../actions/run-action.ts";
import { runActionLabel } from "../../actions/texts.ts";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, StepPill, Tabs } from "../../components/basics.tsx";
import { PayloadView } from "../../components/payload.tsx";
import { Attempts } from "./attempts.tsx";
import styles from "./drawer.module.css";
import { ErrorView } from "./error.tsx";
import { Logs } from "./logs.tsx";
import { Policy } from "./policy.tsx";
import { Separator, type Width } from "./separator.tsx";

/** The tabs of the step panel. */
export type DrawerTab = "result" | "input" | "attempts" | "logs" | "policy";

/** The details of one step, and the actions that start from it. */
export function Drawer({
  run,
  step,
  graph,
  tab,
  onTab,
  attempt,
  onAttempt,
  onMove,
  onAction,
  onClose,
  width,
}: {
  run: RunDetail;
  step: Step;
  graph: Graph | undefined;
  tab: DrawerTab;
  onTab: (tab: DrawerTab) => void;
  attempt: number | null;
  onAttempt: (number: number) => void;
  onMove: (by: number) => void;
  onAction: (action: RunAction) => void;
  onClose: () => void;
  width: Width;
}) {
  const logs = useQuery(queries.logs(run.id));
  const lines = (logs.data?.items ?? []).filter((line) => line.step === step.key);
  const name = "step";
  return (
    <aside className={styles.drawer} aria-label={`Step ${step.key}`}>
      <Separator width={width} />
      <header className={styles.head}>
        <StepPill status={step.status} />
        <h2>{step.key}</h2>
        <span className={styles.moves}>
          <Button variant="quiet" aria-label="Previous step" onClick={() => onMove(-1)}>
            ↑
          </Button>
          <Button variant="quiet" aria-label="Next step" onClick={() => onMove(1)}>
            ↓
          </Button>
          <Button variant="quiet" aria-label="Close step" onClick={onClose}>
            ✕
          </Button>
        </span>
      </header>
      <Tabs<DrawerTab>
        name={name}
        selected={tab}
        onSelect={onTab}
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
        {tab === "attempts" ? <Attempts step={step} selected={attempt} onSelect={onAttempt} /> : null}
        {tab === "logs" ? <Logs lines={lines} /> : null}
        {tab === "policy" ? <Policy run={run} step={step} graph={graph} /> : null}
      </div>
      <StepActions run={run} step={step} onAction={onAction} />
    </aside>
  );
}

function Result({ step }: { step: Step }) {
  if (step.error !== null) return <ErrorView error={step.error} />;
  if (step.status === "completed" || step.status === "compensated" || step.output !== null)
    return <PayloadView value={step.output} label={`output of ${step.key}`} />;
  const { progress } = step;
  return (
    <p className={baseStyles.muted}>
      {step.status === "running" ? "Running; the output appears when the step completes." : "No output yet."}
      {progress === undefined
        ? null
        : ` ${progress.share === null ? "" : `${Math.round(progress.share * 100)}%`} ${progress.note ?? ""}`}
    </p>
  );
}

function Input({ run, step }: { run: RunDetail; step: Step }) {
  if (step.input !== null) return <PayloadView value={step.input} label={`input of ${step.key}`} />;
  return (
    <>
      <p className={baseStyles.muted}>This step declares no input. Input of the run:</p>
      <PayloadView value={run.input} label="run input" />
    </>
  );
}

const stepVerbs = ["restart", "complete-step"] as const satisfies readonly Verb[];

/** Actions on the run that start from this step. */
function StepActions({ run, step, onAction }: { run: RunDetail; step: Step; onAction: (action: RunAction) => void }) {
  const isOpen = step.status !== "completed";
  const verbs = stepVerbs.filter(
    (verb) => run.verbs.includes(verb) && step.status !== "pending" && (verb === "restart" || isOpen),
  );
  if (verbs.length === 0) return null;
  return (
    <footer className={styles.actions}>
      {verbs.map((verb) => (
        <Button key={verb} onClick={() => onAction({ verb, step: step.key })}>
          {runActionLabel(verb, step.key)}
        </Button>
      ))}
      {verbs.includes("restart") ? (
        <Button onClick={() => onAction({ verb: "restart", step: step.key, withInput: true })}>
          Restart with edited input
        </Button>
      ) : null}
    </footer>
  );
}
