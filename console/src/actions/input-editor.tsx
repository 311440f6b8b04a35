import { useQuery } from "@tanstack/react-query";
import { isTruncated } from "@wire/payload.ts";
import type { RunDetail } from "@wire/run.ts";
import diff from "microdiff";
import { useDeferredValue } from "react";
import { get } from "../api/client.ts";
import { baseStyles } from "../components/basics.tsx";
import styles from "./actions.module.css";
import { findStoppedStep, type RunAction } from "./run-action.ts";

/** The input to edit, as it was recorded. */
export interface RecordedInput {
  readonly label: string;
  /** Null while it loads, or if it is too large to edit here. */
  readonly text: string | null;
  readonly value: unknown;
  readonly problem: string | null;
}

/** Larger inputs are not practical to edit in a text field. */
const editMax = 512 * 1024;

/** The input that an edit replaces: the step's, if it declares one, else the run's. */
export function useRecordedInput(run: RunDetail, { verb, step }: RunAction): RecordedInput {
  const key = step ?? findStoppedStep(run);
  const own = verb === "rerun" ? null : (run.steps.find((each) => each.key === key)?.input ?? null);
  const label = own === null ? "Run input" : `Input of ${key}`;
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
      problem: `The input has ${large.bytes} bytes, too large to edit here. Edit it in a file and use the CLI.`,
    };
  const value = large === null ? stored : whole.data;
  return { label, value, text: value === undefined ? null : JSON.stringify(value, null, 2), problem: null };
}

/** The parsed JSON, or why it is invalid. */
export function parseJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A JSON field, with a list of changes from the recorded value. */
export function InputEditor({
  label,
  recorded,
  text,
  onText,
  problem,
}: {
  label: string;
  recorded: RecordedInput | null;
  text: string | null;
  onText: (text: string) => void;
  problem: string | null;
}) {
  if (recorded?.problem) return <p className={baseStyles.wrong}>{recorded.problem}</p>;
  return (
    <div className={baseStyles.field}>
      <label htmlFor="edited-input">{label} (JSON)</label>
      <textarea
        id="edited-input"
        className={baseStyles.code}
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
          <p className={baseStyles.wrong}>Invalid JSON: {problem}</p>
        )}
      </div>
    </div>
  );
}

const changesMax = 20;

function Changes({ recorded, text }: { recorded: RecordedInput | null; text: string | null }) {
  const settled = useDeferredValue(text);
  if (recorded === null || recorded.text === null || settled === null) return null;
  const now = parseJson(settled);
  if (!("value" in now)) return null;
  const changes = diff({ it: recorded.value }, { it: now.value } as never);
  if (changes.length === 0) return <p className={baseStyles.muted}>No changes from the recorded input.</p>;
  return (
    <ul className={styles.changes} aria-label="Changes from the recorded input">
      {changes.slice(0, changesMax).map((change) => (
        <li key={change.path.join(".")}>
          <code>{change.path.slice(1).join(".") || "whole value"}</code>{" "}
          {change.type === "CREATE" ? null : <del>{short(change.oldValue)}</del>}{" "}
          {change.type === "REMOVE" ? null : <ins>{short(change.value)}</ins>}
        </li>
      ))}
      {changes.length > changesMax ? <li>and {changes.length - changesMax} more</li> : null}
    </ul>
  );
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
