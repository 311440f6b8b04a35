import type { LogEntry } from "@wire/history.ts";
import { partStyles } from "../../parts/parts.tsx";
import { plain } from "../../parts/words.ts";
import { Moment } from "../../shell/clock.tsx";
import styles from "./drawer.module.css";

/** What the code logged, in its order. */
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
