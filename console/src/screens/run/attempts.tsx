import type { Attempt, Step } from "@wire/step.ts";
import { partStyles } from "../../parts/parts.tsx";
import { duration } from "../../parts/time.ts";
import { firstLine, plural } from "../../parts/words.ts";
import { Moment } from "../../shell/clock.tsx";
import styles from "./drawer.module.css";
import { ErrorView } from "./error.tsx";

/** Each try of a step; the chosen one with its error in full. */
export function Attempts({
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
            {attempt.round > 0 ? ` · after ${plural(attempt.round, "act")} of a person` : ""}
          </button>
          {attempt.error === null ? null : attempt.number === chosen ? (
            <ErrorView error={attempt.error} />
          ) : (
            <p className={`${partStyles.message} ${styles.message}`}>{firstLine(attempt.error.message)}</p>
          )}
        </li>
      ))}
    </ol>
  );
}

function lengthOf({ startedAt, endedAt }: Attempt): string {
  return endedAt === null ? "under way" : duration(Date.parse(endedAt) - Date.parse(startedAt));
}
