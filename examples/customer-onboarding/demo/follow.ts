import { type FindUrl, hasEnded, type RunView, readRun } from "../processes/api.ts";
import { until } from "../processes/until.ts";

/** Long enough for a broken system, five attempts and their timeouts. */
const FOLLOW_LIMIT_MS = 120_000;

/** Polls the run until it has ended and passes each state to `onUpdate`. Keeps polling while Baton is down. */
export function followRun(
  findUrl: FindUrl,
  id: string,
  { onUpdate, signal }: { onUpdate: (run: RunView) => void; signal?: AbortSignal },
): Promise<RunView> {
  return until(
    async () => {
      const run = await readRun(findUrl, id);
      if (run === null) return null;
      onUpdate(run);
      return hasEnded(run) ? run : null;
    },
    { what: `run ${id} has ended`, limitMs: FOLLOW_LIMIT_MS, everyMs: 100, signal },
  );
}
