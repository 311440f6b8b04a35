import { recordError } from "../kernel/decide/failure.ts";
import type { Activation } from "../kernel/engine/activation.ts";
import type { Scope } from "../kernel/engine/scope.ts";
import { BatonError, type ErrorRecord } from "../kernel/model/errors.ts";

export interface MapOptions {
  /** Items processed at the same time. Default: all. */
  concurrency?: number;
  /** True, or how many items may fail: the results of failed items are `{ error }`. */
  tolerateFailures?: boolean | number;
}

export interface ItemFailure {
  readonly error: ErrorRecord;
}

/** What the error of a failed map says about the other items, in `error.details`. Indices, at most 100 of each. */
export interface MapFailure {
  readonly map: string;
  /** The item whose failure is thrown. */
  readonly failed: number;
  /** Items that had completed. */
  readonly succeeded: readonly number[];
  /** Items that were begun and have been stopped. */
  readonly stopped: readonly number[];
}

/**
 * Runs the items of a map in lanes. When more items fail than are tolerated, the map throws the error of that item, the
 * items in progress are stopped and no further one begins. This is decided by the order in which the results reach the
 * code, so it is the same in every replay and needs no record of its own. A resume voids the failed result: then the
 * map does not fail, and the other items continue.
 */
export async function mapItems<R>(
  {
    name,
    count,
    options,
    activation,
  }: {
    readonly name: string;
    readonly count: number;
    readonly options: MapOptions;
    readonly activation: Activation;
  },
  scopeOf: (index: number) => Scope,
  work: (index: number, scope: Scope) => Promise<R> | R,
): Promise<(R | ItemFailure)[]> {
  const { lanes, failuresMax } = readOptions(name, count, options);
  const results: (R | ItemFailure)[] = new Array(count);
  const scopes = new Map<number, Scope>();
  const succeeded: number[] = [];
  let next = 0;
  let failures = 0;
  let hasFailed = false;
  const fail = (index: number, error: unknown): ItemFailure => {
    const scope = scopes.get(index) as Scope;
    scopes.delete(index);
    failures += 1;
    hasFailed = failures > failuresMax;
    const isStopping = hasFailed && activation.safeguards.stopsSiblings();
    activation.closeScopes(isStopping ? [scope, ...scopes.values()] : [scope], "item-failed");
    if (!hasFailed) return { error: recordError(error) };
    const stopped = [...scopes.keys()].slice(0, shownMax);
    addDetails(error, { map: name, failed: index, succeeded: succeeded.slice(0, shownMax), stopped });
    throw error;
  };
  const lane = async (): Promise<void> => {
    while (next < count && !hasFailed) {
      const index = next++;
      const scope = scopeOf(index);
      scopes.set(index, scope);
      try {
        results[index] = await work(index, scope);
        scopes.delete(index);
        scope.end();
        succeeded.push(index);
      } catch (error) {
        // A stopped item may still throw between its steps.
        if (hasFailed) return;
        results[index] = fail(index, error);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** Indices in an error: it is kept small. */
const shownMax = 100;

function readOptions(name: string, count: number, options: MapOptions): { lanes: number; failuresMax: number } {
  const { concurrency = count, tolerateFailures = false } = options;
  if (!(concurrency >= 1) && count > 0)
    throw new BatonError("invalid-option", `concurrency of map "${name}" must be 1 or more`);
  const failuresMax = tolerateFailures === true ? count : tolerateFailures === false ? 0 : tolerateFailures;
  if (!(failuresMax >= 0))
    throw new BatonError("invalid-option", `tolerateFailures of map "${name}" must be true, false, or 0 or more`);
  return { lanes: Math.min(concurrency, count), failuresMax };
}

/**
 * Adds to the item's own error, so that its class, code, message and step stay what they are. A value that cannot carry
 * details is thrown without them.
 */
function addDetails(error: unknown, failure: MapFailure): void {
  try {
    if (!(error instanceof Error) || !Object.isExtensible(error)) return;
    const { details } = error as { details?: unknown };
    const own = typeof details === "object" && details !== null && !Array.isArray(details) ? details : {};
    if (details === undefined || own === details) Object.assign(error, { details: { ...own, ...failure } });
  } catch {
    // An error may refuse to be read or written.
  }
}
