/** Waiting until a set of runs is at rest, while Baton may still go down and come back. */
import { hasEnded, type RunView, readRun } from "../../examples/customer-onboarding/processes/api.ts";
import { until } from "../../examples/customer-onboarding/processes/until.ts";

/** How to look, and how long at most. */
export interface RestOptions {
  readonly findUrl: () => string | null;
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

/** The runs as they are at rest, in the order of `ids`. Throws when one is not at rest within the limit. */
export async function runsAtRest(
  ids: readonly string[],
  { findUrl, signal, limitMs }: RestOptions,
): Promise<readonly RunView[]> {
  const endsAt = performance.now() + limitMs;
  const runs: RunView[] = [];
  // One after the other: whoever comes later in the row is most likely at rest by then, so a look or two a run suffice.
  for (const id of ids) {
    let last = "never seen";
    const look = async (): Promise<RunView | null> => {
      const run = await readRun(findUrl, id);
      if (run === null) return null;
      last = run.status;
      return hasEnded(run) ? run : null;
    };
    const leftMs = Math.max(0, endsAt - performance.now());
    runs.push(
      await until(look, { what: `run ${id} is at rest`, limitMs: leftMs, signal }).catch((cause: unknown) => {
        throw new Error(`run ${id} did not come to rest; it was last ${last}`, { cause });
      }),
    );
  }
  return runs;
}
