import { BatonError } from "../model/errors.ts";
import type { Answer } from "./answer.ts";
import type { Scope } from "./scope.ts";

interface Failure {
  readonly answer: Answer<unknown>;
  readonly error: unknown;
  readonly scope: Scope;
}

/**
 * Failures of a run's operations that its code has not heard of. Code may request something now and await it later, so
 * this is decided when the code ends: a failure that it never asked for then fails the run. Failures of stopped
 * branches do not count.
 */
export class UnheardFailures {
  #failures: Failure[] | null = null;
  /** Promises that the code derived from an operation and that rejected with its error. */
  #derived: Map<unknown, Omit<Failure, "answer">> | null = null;
  /** The errors of failed operations, with their branches. */
  #errors: WeakMap<object, Scope> | null = null;

  /** An operation has failed, and its promise has rejected with this error. */
  note(answer: Answer<unknown>, error: unknown, scope: Scope): void {
    answer.keepQuiet();
    if (typeof error === "object" && error !== null) this.#errors = (this.#errors ?? new WeakMap()).set(error, scope);
    if (!answer.isHeard) this.#failures = [...(this.#failures ?? []), { answer, error, scope }];
  }

  /** A promise of the code rejected, and nothing awaits it yet. False: not with the error of an operation. */
  take(promise: unknown, error: unknown): boolean {
    const scope = typeof error === "object" && error !== null ? this.#errors?.get(error) : undefined;
    if (scope !== undefined) this.#derived = (this.#derived ?? new Map()).set(promise, { error, scope });
    return scope !== undefined;
  }

  /** The platform reports in a later task that such a promise is awaited after all. */
  get isUnsure(): boolean {
    return (this.#derived?.size ?? 0) > 0;
  }

  /** The code now awaits a promise that had rejected. */
  forget(promise: unknown): void {
    this.#derived?.delete(promise);
  }

  /** The first failure that the code has still not heard of, or null. */
  first(): { readonly error: unknown } | null {
    const direct = this.#failures?.find(({ answer, scope }) => !answer.isHeard && !scope.isClosed);
    if (direct !== undefined) return direct;
    for (const derived of this.#derived?.values() ?? []) if (!derived.scope.isClosed) return derived;
    return null;
  }
}

/** The failure of a run whose code left a rejected promise unhandled. `step`: the step whose code it was. */
export function unhandledRejection(run: string, step: string | null, cause: unknown): Error {
  const place = step === null ? `the code of run ${run}` : `step "${step}" of run ${run}`;
  const text = cause instanceof Error ? cause.message : String(cause);
  const error = new BatonError("unhandled-rejection", `a promise of ${place} was rejected and not handled: ${text}`, {
    hint: "await the promise, or add a catch to it",
    cause,
  });
  return step === null ? error : Object.assign(error, { step });
}
