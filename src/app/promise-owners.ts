import { promiseHooks } from "node:v8";
import { type CurrentRun, currentRun } from "./current-run.ts";

/** Returns its argument, so that a private field can be put on an object that exists already. */
class Existing {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is its purpose
    return object;
  }
}

/** A private field: user code sees nothing of it, and it costs less than a `WeakMap`. */
class Owned extends Existing {
  readonly #owner: CurrentRun;

  constructor(promise: object, owner: CurrentRun) {
    super(promise);
    this.#owner = owner;
  }

  static ownerOf(promise: object): CurrentRun | null {
    return #owner in promise ? promise.#owner : null;
  }
}

/**
 * Remembers for each promise the run whose code made it. A rejection is reported in the context in which it happened,
 * which is another run's if, for example, a shared connection pool rejects what this run waits for. Returns a function
 * that stops.
 */
export function rememberOwners(): () => void {
  const stop = promiseHooks.onInit((promise) => {
    const owner = currentRun();
    if (owner !== null) new Owned(promise, owner);
  });
  return () => stop();
}

/** The run and step whose code made this promise; null if it is not known. */
export function ownerOf(promise: object): CurrentRun | null {
  return Owned.ownerOf(promise);
}
