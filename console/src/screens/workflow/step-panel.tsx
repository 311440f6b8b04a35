import type { RecentStep } from "@wire/definition.ts";
import type { Graph } from "@wire/graph.ts";
import { Button, baseStyles } from "../../components/basics.tsx";
import { formatNumber, plural } from "../../components/text.ts";
import { formatDuration } from "../../components/time.ts";
import { kindTexts } from "./kinds.ts";
import styles from "./workflow.module.css";

/** A step as declared in code, with its recent figures. */
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
        <Button variant="quiet" aria-label="Close step" onClick={onClose}>
          ✕
        </Button>
      </header>
      <dl>
        <dt>Kind</dt>
        <dd>{kindTexts[node.kind]}</dd>
        <dt>Undo</dt>
        <dd>{node.hasUndo ? "declared" : "none"}</dd>
        {recent === undefined ? null : (
          <>
            <dt>Duration</dt>
            <dd>
              p50 {formatDuration(recent.p50Ms)}, p95 {formatDuration(recent.p95Ms)}
            </dd>
            <dt>Retried</dt>
            <dd>
              in {formatNumber(recent.retried)} of {plural(recent.count, "run")}
            </dd>
            <dt>Failed</dt>
            <dd>
              in {formatNumber(recent.failed)} of {plural(recent.count, "run")}
            </dd>
          </>
        )}
      </dl>
      {recent === undefined ? <p className={baseStyles.muted}>No recent run has recorded this step.</p> : null}
      <h4>Options</h4>
      {node.options === null ? (
        <p className={baseStyles.muted}>None; the defaults apply.</p>
      ) : (
        <pre tabIndex={0}>{node.options}</pre>
      )}
    </aside>
  );
}
