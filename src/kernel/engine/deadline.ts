import { BatonError } from "../model/errors.ts";
import type { LeasedRun } from "../model/run.ts";

/** A timer may be no longer than 24 days: a longer one is made of parts. */
const partMs = 86_400_000;

/** Calls `pass` once the store's time is past the run's deadline; at once when it is already. Returns how to call it off. */
export function watchDeadline(
  deadlineAt: number,
  clock: { now(): number; after(ms: number, call: () => void): () => void },
  pass: () => void,
): () => void {
  let stop = (): void => {};
  const look = (): void => {
    const left = deadlineAt - clock.now();
    if (left > 0) stop = clock.after(Math.min(left, partMs), look);
    else pass();
  };
  look();
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
