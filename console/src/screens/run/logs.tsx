import type { LogEntry } from "@wire/history.ts";
import { baseStyles } from "../../components/basics.tsx";
import { escapeControls } from "../../components/text.ts";
import { Timestamp } from "../../shell/clock.tsx";
import styles from "./drawer.module.css";

/** Log lines of the workflow code, in order. */
export function Logs({ lines }: { lines: readonly LogEntry[] }) {
  if (lines.length === 0)
    return <p className={baseStyles.muted}>No log lines. Write them with attempt.log("…") or ctx.log("…").</p>;
  return (
    <ol className={styles.logs}>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added
        <li key={i} data-level={line.level}>
          <Timestamp at={line.at} isZoneHidden={true} isTimeOnly={true} /> <b>{line.level}</b>{" "}
          {escapeControls(line.message)}
          {line.data === null ? "" : ` ${escapeControls(JSON.stringify(line.data))}`}
        </li>
      ))}
    </ol>
  );
}
