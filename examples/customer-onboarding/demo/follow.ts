import { type FindUrl, isAtRest, lookAtRun, type RunView } from "../processes/api.ts";
import { until } from "../processes/until.ts";

/** Long enough for a broken system, five attempts and their time-outs. */
const FOLLOW_LIMIT_MS = 120_000;

/** Looks at the run until it is at rest, shows each look to `onLook`, and bears that Baton is away for a moment. */
export function followRun(
  findUrl: FindUrl,
  id: string,
  { onLook, signal }: { onLook: (run: RunView) => void; signal?: AbortSignal },
): Promise<RunView> {
  return until(
    async () => {
      const run = await lookAtRun(findUrl, id);
      if (run === null) return null;
      onLook(run);
      return isAtRest(run) ? run : null;
    },
    { what: `run ${id} is at rest`, limitMs: FOLLOW_LIMIT_MS, everyMs: 100, signal },
  );
}
