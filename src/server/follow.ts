import type { RunDetail } from "../kernel/model/detail.ts";
import { isAtRest } from "../kernel/model/status.ts";
import type { Services } from "./services.ts";

/** Poll interval while no hint arrives: hints may be lost. */
const lookMs = 100;

/**
 * Returns the run as soon as `isThere` holds, or its current state when the time is over or the caller has
 * disconnected.
 */
export async function runWhen(
  services: Services,
  run: RunDetail,
  isThere: (run: RunDetail) => boolean,
  waitMs: number,
  signal: AbortSignal,
): Promise<RunDetail> {
  const endsAt = services.clock.mono() + waitMs;
  let seen = run;
  for (;;) {
    const leftMs = endsAt - services.clock.mono();
    if (isThere(seen) || leftMs <= 0 || signal.aborted) return seen;
    await rest(services, run.row.no, Math.min(lookMs, leftMs), signal);
    seen = (await services.store.query("run", { id: run.row.id })) ?? seen;
  }
}

export function runAtRest(services: Services, run: RunDetail, waitMs: number, signal: AbortSignal): Promise<RunDetail> {
  return runWhen(services, run, (seen) => isAtRest(seen.row.status), waitMs, signal);
}

/** The same for the run that continues it: the result of a continued run is that of its last part. */
export async function lastAtRest(
  services: Services,
  run: RunDetail,
  waitMs: number,
  signal: AbortSignal,
): Promise<RunDetail> {
  const endsAt = services.clock.mono() + waitMs;
  let seen = run;
  for (;;) {
    seen = await runAtRest(services, seen, endsAt - services.clock.mono(), signal);
    const next = seen.lastPart === null ? null : await services.store.query("run", { id: seen.lastPart.id });
    if (next === null) return seen;
    seen = next;
  }
}

/** A pause that ends early when the run ends in this process. */
function rest(services: Services, no: number, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const over = (): void => {
      for (const stop of stops.splice(0)) stop();
      resolve();
    };
    signal.addEventListener("abort", over, { once: true });
    stops.push(
      () => signal.removeEventListener("abort", over),
      services.clock.after(ms, over),
      services.engine.whenEnded(no, over),
      services.engine.whenMoved(no, over),
    );
  });
}
