import { AsyncLocalStorage } from "node:async_hooks";
import type { Attempt } from "../kernel/engine/attempt.ts";
import type { LeasedRun } from "../kernel/model/run.ts";

/** The run and step around the code that asks, wherever it was called from. */
export interface CurrentRun {
  readonly run: LeasedRun;
  /** Null between steps. */
  readonly step: string | null;
  readonly attempt: Attempt | null;
}

const storage = new AsyncLocalStorage<CurrentRun>();

/** Whose code is running here: null outside of any run. */
export function currentRun(): CurrentRun | null {
  return storage.getStore() ?? null;
}

/** Runs an author's code with its run and step around it. */
export function within<T>(around: CurrentRun, work: () => T): T {
  return storage.run(around, work);
}

/** Runs Baton's own code that a run's code has led to, and that is not part of it. */
export function outside<T>(work: () => T): T {
  return storage.exit(work);
}
