import { useQuery } from "@tanstack/react-query";
import { isTruncated } from "@wire/payload.ts";
import type { RunDetail } from "@wire/run.ts";
import diff from "microdiff";
import { useDeferredValue } from "react";
import { get } from "../api/client.ts";
import { partStyles } from "../parts/parts.tsx";
import styles from "./acts.module.css";
import { stoppedAt, type VerbAsked } from "./asked.ts";

/** What is edited, as it was recorded. */
export interface Recorded {
  readonly label: string;
  /** Null while it is being read, or when it is too large to edit here. */
  readonly text: string | null;
  readonly value: unknown;
  readonly problem: string | null;
}

/** More cannot sensibly be edited in a field. */
const editMax = 512 * 1024;

/** What an edited input replaces: that of the step when it declares one, else that of the run. */
export function useRecorded(run: RunDetail, { verb, step }: VerbAsked): Recorded {
  const key = step ?? stoppedAt(run);
  const own = verb === "rerun" ? null : (run.steps.find((each) => each.key === key)?.input ?? null);
  const label = own === null ? "Input of the run" : `Input of ${key}`;
  const stored = own ?? run.input;
  const large = isTruncated(stored) ? stored : null;
  const whole = useQuery({
    queryKey: ["payload", large?.href],
    queryFn: ({ signal }) => get<unknown>(large?.href ?? "", {}, signal),
    enabled: large !== null && large.bytes <= editMax,
  });
  if (verb === "complete-step") return { label, value: null, text: "null", problem: null };
  if (large !== null && large.bytes > editMax)
    return {
      label,
      value: null,
      text: null,
      problem: `It has ${large.bytes} bytes: edit it in a file, and use the command line.`,
    };
  const value = large === null ? stored : whole.data;
  return { label, value, text: value === undefined ? null : JSON.stringify(value, null, 2), problem: null };
}

/** The value of a text, or why it is no JSON. */
export function readJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** JSON with what is different from the recorded value beside it. */
export function InputEditor({
  label,
  recorded,
  text,
  onText,
  problem,
}: {
  label: string;
  recorded: Recorded | null;
  text: string | null;
  onText: (text: string) => void;
  problem: string | null;
}) {
  if (recorded?.problem) return <p className={partStyles.wrong}>{recorded.problem}</p>;
  return (
    <div className={partStyles.field}>
      <label htmlFor="edited-input">{label} (JSON)</label>
      <textarea
        id="edited-input"
        className={partStyles.code}
        rows={Math.min(18, (text ?? "").split("\n").length + 1)}
        value={text ?? ""}
        disabled={text === null}
        spellCheck={false}
        data-first={true}
        aria-invalid={problem !== null}
        aria-describedby="edited-input-state"
        onChange={(event) => onText(event.target.value)}
      />
      <div id="edited-input-state">
        {problem === null ? (
          <Changes recorded={recorded} text={text} />
        ) : (
          <p className={partStyles.wrong}>This is no JSON yet: {problem}</p>
        )}
      </div>
    </div>
  );
}

const changesMax = 20;

function Changes({ recorded, text }: { recorded: Recorded | null; text: string | null }) {
  const settled = useDeferredValue(text);
  if (recorded === null || recorded.text === null || settled === null) return null;
  const now = readJson(settled);
  if (!("value" in now)) return null;
  const changes = diff({ it: recorded.value }, { it: now.value } as never);
  if (changes.length === 0) return <p className={partStyles.muted}>The same as recorded.</p>;
  return (
    <ul className={styles.changes} aria-label="What is different from the recorded input">
      {changes.slice(0, changesMax).map((change) => (
        <li key={change.path.join(".")}>
          <code>{change.path.slice(1).join(".") || "all of it"}</code>{" "}
          {change.type === "CREATE" ? null : <del>{short(change.oldValue)}</del>}{" "}
          {change.type === "REMOVE" ? null : <ins>{short(change.value)}</ins>}
        </li>
      ))}
      {changes.length > changesMax ? <li>and {changes.length - changesMax} more</li> : null}
    </ul>
  );
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
