/** Waits until a set of runs has ended, while Baton may still crash and restart. */
import { hasEnded, type RunView, readRun } from "../../examples/customer-onboarding/processes/api.ts";
import { until } from "../../examples/customer-onboarding/processes/until.ts";

/** Where to read the runs, and the time limit. */
export interface WaitOptions {
  readonly findUrl: () => string | null;
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

/** The ended runs, in the order of `ids`. Throws when one has not ended within the limit. */
export async function waitForEnds(
  ids: readonly string[],
  { findUrl, signal, limitMs }: WaitOptions,
): Promise<readonly RunView[]> {
  const endsAt = performance.now() + limitMs;
  const runs: RunView[] = [];
  // In order: later runs have most likely ended by the time it is their turn, so one or two reads per run are enough.
  for (const id of ids) {
    let last = "not readable";
    const read = async (): Promise<RunView | null> => {
      const run = await readRun(findUrl, id);
      if (run === null) return null;
      last = run.status;
      return hasEnded(run) ? run : null;
    };
    const leftMs = Math.max(0, endsAt - performance.now());
    runs.push(
      await until(read, { what: `run ${id} has ended`, limitMs: leftMs, signal }).catch((cause: unknown) => {
        throw new Error(`run ${id} has not ended; its last status was ${last}`, { cause });
      }),
    );
  }
  return runs;
}
