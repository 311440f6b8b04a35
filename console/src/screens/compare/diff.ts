import { isTruncated, type Payload } from "@wire/payload.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Step } from "@wire/step.ts";
import microdiff, { type Difference } from "microdiff";

/** How two recorded values stand to each other. */
export type ValueDiff =
  | { readonly kind: "same" }
  | { readonly kind: "differs"; readonly changes: readonly Difference[] }
  /** Too large to be compared here: by their bytes alone. */
  | { readonly kind: "large"; readonly a: number | null; readonly b: number | null; readonly hrefs: readonly string[] };

/** In what two values differ, or that it cannot be told. */
export function diffValues(a: Payload, b: Payload): ValueDiff {
  if (isTruncated(a) || isTruncated(b)) {
    const large = [a, b].filter(isTruncated);
    return {
      kind: "large",
      a: isTruncated(a) ? a.bytes : null,
      b: isTruncated(b) ? b.bytes : null,
      hrefs: large.map(({ href }) => href),
    };
  }
  const changes = microdiff({ it: b ?? null }, { it: a ?? null } as never);
  return changes.length === 0 ? { kind: "same" } : { kind: "differs", changes };
}

/** Of large values of one size nobody can tell here. */
export function isDifferent(diff: ValueDiff): boolean {
  return diff.kind === "differs" || (diff.kind === "large" && diff.a !== diff.b);
}

export interface StepRow {
  readonly key: string;
  readonly a: Step | null;
  readonly b: Step | null;
  readonly input: ValueDiff;
  readonly output: ValueDiff;
  /** It stands elsewhere in the one than in the other, or is in one alone. */
  readonly isElsewhere: boolean;
}

/** The steps of both in the order of the first; those of the second alone stand behind what came before them there. */
export function stepRows(a: readonly Step[], b: readonly Step[]): readonly StepRow[] {
  const ofA = new Map(a.map((step) => [step.key, step]));
  const ofB = new Map(b.map((step) => [step.key, step]));
  const keys = [...ofA.keys()];
  let before = -1;
  for (const key of ofB.keys()) {
    if (ofA.has(key)) before = keys.indexOf(key);
    else keys.splice(++before, 0, key);
  }
  return keys.map((key) => {
    const [one, two] = [ofA.get(key) ?? null, ofB.get(key) ?? null];
    const both = one !== null && two !== null;
    return {
      key,
      a: one,
      b: two,
      input: both ? diffValues(one.input, two.input) : { kind: "same" },
      output: both ? diffValues(one.output, two.output) : { kind: "same" },
      isElsewhere: one?.status !== two?.status,
    };
  });
}

/** Whether a step ended otherwise, or took or gave something else. */
export function isRowDifferent(row: StepRow): boolean {
  return row.isElsewhere || isDifferent(row.input) || isDifferent(row.output);
}

/** It has values that are too large to be compared here, and of one size. */
export function isUnknown({ input, output }: StepRow): boolean {
  return [input, output].some((diff) => diff.kind === "large" && diff.a === diff.b);
}

/** How long a step took, its waits included; null while it has not ended. */
export function tookMs({ startedAt, endedAt }: Step): number | null {
  return startedAt === null || endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);
}

/** More steps than the detail of a run holds. */
export function isCut(run: RunDetail): boolean {
  return run.steps.length >= 200 && run.stepCount > run.steps.length;
}
