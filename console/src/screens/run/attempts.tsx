import type { Attempt, Step } from "@wire/step.ts";
import { baseStyles } from "../../components/basics.tsx";
import { firstLine, plural } from "../../components/text.ts";
import { formatDuration } from "../../components/time.ts";
import { Timestamp } from "../../shell/clock.tsx";
import styles from "./drawer.module.css";
import { ErrorView } from "./error.tsx";

/** The attempts of a step; the selected one with its full error. */
export function Attempts({
  step,
  selected,
  onSelect,
}: {
  step: Step;
  selected: number | null;
  onSelect: (number: number) => void;
}) {
  if (step.attempts.length === 0) return <p className={baseStyles.muted}>No attempts</p>;
  return (
    <ol className={styles.attempts}>
      {step.attempts.map((attempt) => (
        <li key={`${attempt.round} ${attempt.number}`} data-selected={attempt.number === selected}>
          <button type="button" onClick={() => onSelect(attempt.number)} aria-expanded={attempt.number === selected}>
            <strong>{attempt.number}</strong> {attempt.status} · {durationOf(attempt)} ·{" "}
            <Timestamp at={attempt.startedAt} isZoneHidden={true} />
            {attempt.round > 0 ? ` · after ${plural(attempt.round, "manual action")}` : ""}
          </button>
          {attempt.error === null ? null : attempt.number === selected ? (
            <ErrorView error={attempt.error} />
          ) : (
            <p className={`${baseStyles.message} ${styles.message}`}>{firstLine(attempt.error.message)}</p>
          )}
        </li>
      ))}
    </ol>
  );
}

function durationOf({ startedAt, endedAt }: Attempt): string {
  return endedAt === null ? "running" : formatDuration(Date.parse(endedAt) - Date.parse(startedAt));
}
