import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";

/** A background service: one bounded round that says what it did. All are alike, and a test may call a round itself. */
export interface Service<Counts> {
  readonly name: string;
  readonly everyMs: number;
  /** After a round: in how long the next one is worth it, when that is sooner; null when it is not known. */
  nextInMs?(): number | null;
  runOnce(): Promise<Counts>;
}

/** Runs a service until it is stopped; a failed round is told and tried again. Returns how to stop and how to hurry it. */
export function keepRunning<Counts>(
  service: Service<Counts>,
  clock: Clock,
  logger: Logger,
): { stop(): void; hurry(): void } {
  let isStopped = false;
  let isRunning = false;
  let again = false;
  let stopTimer = (): void => {};
  const round = (): void => {
    if (isStopped) return;
    if (isRunning) {
      again = true;
      return;
    }
    stopTimer();
    isRunning = true;
    service
      .runOnce()
      .catch((error: unknown) =>
        logger.log("warn", `${service.name} failed; it will be retried`, { error: String(error) }),
      )
      .finally(() => {
        isRunning = false;
        if (again) {
          again = false;
          round();
        } else if (!isStopped) {
          stopTimer = clock.after(Math.min(service.everyMs, service.nextInMs?.() ?? service.everyMs), round);
        }
      });
  };
  stopTimer = clock.after(service.everyMs, round);
  return {
    stop: () => {
      isStopped = true;
      stopTimer();
    },
    hurry: round,
  };
}
