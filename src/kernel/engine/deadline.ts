import { BatonError } from "../model/errors.ts";
import type { LeasedRun } from "../model/run.ts";

/** A timer can last at most 24 days: a longer one is split into parts. */
const partMs = 86_400_000;

/**
 * Calls `pass` once the store time is past the run's deadline, at once if it already is. Returns a function that
 * cancels it.
 */
export function watchDeadline(
  deadlineAt: number,
  clock: { now(): number; after(ms: number, call: () => void): () => void },
  pass: () => void,
): () => void {
  let stop = (): void => {};
  const check = (): void => {
    const left = deadlineAt - clock.now();
    if (left > 0) stop = clock.after(Math.min(left, partMs), check);
    else pass();
  };
  check();
  return () => stop();
}

export function pastDeadline(run: LeasedRun): BatonError {
  return new BatonError(
    "deadline",
    `run ${run.id} missed its deadline ${new Date(run.deadlineAt ?? 0).toISOString()}`,
    {
      hint: "resume it to restart its deadline, or raise the deadline of the workflow",
    },
  );
}
