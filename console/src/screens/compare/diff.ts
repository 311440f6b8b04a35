import { isTruncated, type Payload } from "@wire/payload.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Step } from "@wire/step.ts";
import microdiff, { type Difference } from "microdiff";

/** The difference between two recorded values. */
export type ValueDiff =
  | { readonly kind: "same" }
  | { readonly kind: "differs"; readonly changes: readonly Difference[] }
  /** Too large to compare here; only the sizes are known. */
  | { readonly kind: "large"; readonly a: number | null; readonly b: number | null; readonly hrefs: readonly string[] };

/** Compares two values; large ones are compared by size only. */
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

/** Whether the values are known to differ. Large values of the same size count as equal. */
export function isDifferent(diff: ValueDiff): boolean {
  return diff.kind === "differs" || (diff.kind === "large" && diff.a !== diff.b);
}

export interface StepRow {
  readonly key: string;
  readonly a: Step | null;
  readonly b: Step | null;
  readonly input: ValueDiff;
  readonly output: ValueDiff;
  /** The status differs, or only one of the runs has the step. */
  readonly isStatusDifferent: boolean;
}

/** The steps of both runs in the order of A; steps that only B has follow their predecessor in B. */
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
      isStatusDifferent: one?.status !== two?.status,
    };
  });
}

/** Whether the status, input or output of a step differs. */
export function isRowDifferent(row: StepRow): boolean {
  return row.isStatusDifferent || isDifferent(row.input) || isDifferent(row.output);
}

/** Whether the step has large values of the same size, which are not compared. */
export function isUnknown({ input, output }: StepRow): boolean {
  return [input, output].some((diff) => diff.kind === "large" && diff.a === diff.b);
}

/** Duration of a step including waits, ms; null if it has not ended. */
export function stepDurationMs({ startedAt, endedAt }: Step): number | null {
  return startedAt === null || endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);
}

/** Whether the run has more steps than its detail response contains. */
export function hasMoreSteps(run: RunDetail): boolean {
  return run.steps.length >= 200 && run.stepCount > run.steps.length;
}
