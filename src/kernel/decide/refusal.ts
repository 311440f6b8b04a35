import { BatonError, type ErrorRecord } from "../model/errors.ts";
import type { StartRun } from "../model/start-run.ts";
import type { StartRefusal } from "../model/transition.ts";
import { shownKey } from "./caller-key.ts";
import { recordError } from "./failure.ts";

/** Why a start was refused, for the record of what started it: a schedule's firing, or an event. */
export function refusalText(refusal: StartRefusal): string {
  switch (refusal.why) {
    case "rate-limited":
      return `rate-limited by ${refusal.key}`;
    case "key-conflict":
      return `key-conflict: run ${refusal.id} has this idempotency key with another input`;
    case "skipped":
      return `skipped: ${refusal.id} is running`;
  }
}

type Refused = Pick<StartRun, "definition" | "idempotencyKey">;

/** The error of a refused start, for the code that requested it. Its code is the reason. */
export function refusalError({ definition: { name }, idempotencyKey }: Refused, refusal: StartRefusal): BatonError {
  switch (refusal.why) {
    case "rate-limited": {
      const { key, retryInMs } = refusal;
      return new BatonError("rate-limited", `the rate limit of ${name} for ${JSON.stringify(key)} is reached`, {
        hint: `try again in ${Math.ceil(retryInMs / 1_000)} s, or use throttle instead of rateLimit to delay starts`,
        details: { key, retryInMs },
      });
    }
    case "key-conflict":
      return new BatonError(
        "key-conflict",
        `the idempotency key ${JSON.stringify(shownKey(idempotencyKey))} was already used to start ${name} with a different input`,
        {
          hint: `it belongs to run ${refusal.id}; use a new key for a new input`,
          details: { run: refusal.id },
        },
      );
    case "skipped":
      return new BatonError("skipped", `${name} was not started: run ${refusal.id} is open and it is a singleton`, {
        hint: `wait for run ${refusal.id}, or use the singleton policy "queue" or "replace"`,
        details: { run: refusal.id },
      });
  }
}

/** The same as data, without the stack of the store's code. */
export function refusalRecord(refused: Refused, refusal: StartRefusal): ErrorRecord {
  return withoutStack(refusalError(refused, refusal));
}

/** The error of a start whose idempotency key belongs to a run that retention has removed: nobody has its result. */
export function removedRecord({ definition: { name }, idempotencyKey }: Refused, id: string): ErrorRecord {
  return withoutStack(
    new BatonError(
      "run-removed",
      `run ${id}, which the key ${JSON.stringify(shownKey(idempotencyKey))} started, was removed`,
      {
        hint: `its result is no longer known; start ${name} with a new idempotency key`,
        details: { run: id },
      },
    ),
  );
}

/** The error of a call that joined the run that makes it, or one that waits for that run. */
export function cycleRecord({ definition: { name }, idempotencyKey }: Refused, id: string): ErrorRecord {
  return withoutStack(
    new BatonError(
      "call-cycle",
      `the key ${JSON.stringify(shownKey(idempotencyKey))} of ${name} belongs to run ${id}, which waits for this call`,
      { hint: "a run cannot wait for itself: use another idempotency key", details: { run: id } },
    ),
  );
}

function withoutStack(error: BatonError): ErrorRecord {
  const { stack: _, ...record } = recordError(error);
  return record;
}
