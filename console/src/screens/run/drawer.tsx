import { useQuery } from "@tanstack/react-query";
import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Step } from "@wire/step.ts";
import type { Verb } from "@wire/verb.ts";
import type { VerbAsked } from "../../acts/asked.ts";
import { labelOf } from "../../acts/words.ts";
import { reads } from "../../api/queries.ts";
import { Button, partStyles, StepPill, Tabs } from "../../parts/parts.tsx";
import { PayloadView } from "../../parts/payload.tsx";
import { Attempts } from "./attempts.tsx";
import styles from "./drawer.module.css";
import { ErrorView } from "./error.tsx";
import { Logs } from "./logs.tsx";
import { Policy } from "./policy.tsx";
import { Separator, type Width } from "./separator.tsx";

/** What of a step is shown. */
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
  onAct: (asked: VerbAsked) => void;
  onClose: () => void;
  width: Width;
}) {
  const logs = useQuery(reads.logs(run.id));
  const lines = (logs.data?.items ?? []).filter((line) => line.step === step.key);
  const name = "step";
  return (
    <aside className={styles.drawer} aria-label={`Step ${step.key}`}>
      <Separator width={width} />
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

function Input({ run, step }: { run: RunDetail; step: Step }) {
  if (step.input !== null) return <PayloadView value={step.input} label={`input of ${step.key}`} />;
  return (
    <>
      <p className={partStyles.muted}>This step declares no input of its own. The run's:</p>
      <PayloadView value={run.input} label="input of the run" />
    </>
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
      {verbs.includes("restart") ? (
        <Button onClick={() => onAct({ verb: "restart", step: step.key, withInput: true })}>… with edited input</Button>
      ) : null}
    </footer>
  );
}
