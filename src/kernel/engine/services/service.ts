import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";

/**
 * A background service: one bounded round that returns what it did. All have the same form, and a test can call a round
 * itself.
 */
export interface Service<Counts> {
  readonly name: string;
  readonly everyMs: number;
  /** Delay to the next useful round, if it is shorter than `everyMs`; null if unknown. */
  nextInMs?(): number | null;
  runOnce(): Promise<Counts>;
}

/**
 * Runs a service until it is stopped. A failed round is logged and retried. Returns functions to stop it and to run a
 * round now.
 */
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
