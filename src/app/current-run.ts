import { AsyncLocalStorage } from "node:async_hooks";
import type { Attempt } from "../kernel/engine/attempt.ts";
import type { LeasedRun } from "../kernel/model/run.ts";

/** The run and step whose code is calling, at any depth of the call stack. */
export interface CurrentRun {
  readonly run: LeasedRun;
  /** Null between steps. */
  readonly step: string | null;
  readonly attempt: Attempt | null;
}

const storage = new AsyncLocalStorage<CurrentRun>();

/** The run and step of the calling code, or null outside of any run. */
export function currentRun(): CurrentRun | null {
  return storage.getStore() ?? null;
}

/** Runs user code with its run and step as the current run. */
export function within<T>(around: CurrentRun, work: () => T): T {
  return storage.run(around, work);
}

/** Runs Baton's own code without a current run, when code of a run calls it. */
export function outside<T>(work: () => T): T {
  return storage.exit(work);
}
