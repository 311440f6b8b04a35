import { BatonError, StoreError, type StoreErrorCode } from "../../kernel/model/errors.ts";
import { toStoreError } from "./core.ts";
import type { WireError } from "./messages.ts";

/** An error in the form sent between threads. */
export function wireError(error: unknown): WireError {
  const known = error instanceof BatonError ? error : toStoreError(error);
  return { code: known.code, message: known.message, hint: known.hint, details: known.details };
}

const storeCodes: ReadonlySet<string> = new Set<StoreErrorCode>([
  "unavailable",
  "unknown-outcome",
  "corrupt",
  "not-found",
  "too-large",
]);

export function unwireError(error: WireError): Error {
  const options = { details: { ...error.details }, ...(error.hint === null ? {} : { hint: error.hint }) };
  return storeCodes.has(error.code)
    ? new StoreError(error.code as StoreErrorCode, error.message, options)
    : new BatonError(error.code, error.message, options);
}
