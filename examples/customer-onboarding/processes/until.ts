/** Polls for a condition in another process. */
import { setTimeout as delay } from "node:timers/promises";

export interface Waiting {
  /** The condition, for the error message. */
  readonly what: string;
  readonly limitMs?: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing on one machine takes longer, unless it is broken. */
const LIMIT_MS = 30_000;
const EVERY_MS = 20;

/** Polls until `check` returns a value, and returns it. Throws when the limit passes or the signal aborts. */
export async function until<Found>(
  check: () => Found | null | undefined | false | Promise<Found | null | undefined | false>,
  { what, limitMs = LIMIT_MS, everyMs = EVERY_MS, signal }: Waiting,
): Promise<Found> {
  const endsAt = performance.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await check();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > endsAt) throw new Error(`timed out after ${limitMs} ms waiting until ${what}`);
    await delay(everyMs, undefined, signal === undefined ? {} : { signal });
  }
}
