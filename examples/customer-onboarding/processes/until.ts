/** Waiting for a condition in another process, which has no signal to give us. */
import { setTimeout as delay } from "node:timers/promises";

/** How to wait: what for (said when it never comes), how long at most, how often to look. */
export interface Waiting {
  readonly what: string;
  readonly limitMs?: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Long for anything on one machine; a test that waits longer is broken. */
const LIMIT_MS = 30_000;
const EVERY_MS = 20;

/** Looks until `look` answers something, and gives that. Throws when the limit passes or the signal aborts. */
export async function until<Found>(
  look: () => Found | null | undefined | false | Promise<Found | null | undefined | false>,
  { what, limitMs = LIMIT_MS, everyMs = EVERY_MS, signal }: Waiting,
): Promise<Found> {
  const endsAt = performance.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > endsAt) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await delay(everyMs, undefined, signal === undefined ? {} : { signal });
  }
}
