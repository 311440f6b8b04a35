import type { RecentStep } from "@wire/definition.ts";
import type { Graph } from "@wire/graph.ts";
import { Button, partStyles } from "../../parts/parts.tsx";
import { duration } from "../../parts/time.ts";
import { count, plural } from "../../parts/words.ts";
import { kindWords } from "./kinds.ts";
import styles from "./workflow.module.css";

/** What the code says of a step, and how it went of late. */
export function StepPanel({
  node,
  recent,
  onClose,
}: {
  node: Graph["nodes"][number];
  recent: RecentStep | undefined;
  onClose: () => void;
}) {
  return (
    <aside className={styles.step} aria-label={`Step ${node.label}`}>
      <header>
        <h3>{node.label}</h3>
        <Button look="quiet" aria-label="Close the step" onClick={onClose}>
          ✕
        </Button>
      </header>
      <dl>
        <dt>Kind</dt>
        <dd>{kindWords[node.kind]}</dd>
        <dt>Undo</dt>
        <dd>{node.hasUndo ? "says how to take it back" : "none"}</dd>
        {recent === undefined ? null : (
          <>
            <dt>Took</dt>
            <dd>
              p50 {duration(recent.p50Ms)}, p95 {duration(recent.p95Ms)}
            </dd>
            <dt>Retried</dt>
            <dd>
              in {count(recent.retried)} of {plural(recent.count, "run")}
            </dd>
            <dt>Failed</dt>
            <dd>
              in {count(recent.failed)} of {plural(recent.count, "run")}
            </dd>
          </>
        )}
      </dl>
      {recent === undefined ? <p className={partStyles.muted}>No run has recorded it of late.</p> : null}
      <h4>Options</h4>
      {node.options === null ? (
        <p className={partStyles.muted}>None: the defaults hold.</p>
      ) : (
        <pre tabIndex={0}>{node.options}</pre>
      )}
    </aside>
  );
}
