/**
 * An error for people. `code` is stable and listed in docs/look-up/errors.md; `hint` says what to do. Check `code` and `name`,
 * never the class: two versions of a bundle may each have their own classes.
 */
export class BatonError extends Error {
  override readonly name: string = "BatonError";
  readonly code: string;
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(
    code: string,
    message: string,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
    this.details = options.details ?? {};
  }
}

/** Codes of errors that a store throws. Expected outcomes, such as a stale fence, are results instead. */
export type StoreErrorCode = "unavailable" | "unknown-outcome" | "corrupt" | "not-found" | "too-large";

export class StoreError extends BatonError {
  override readonly name = "StoreError";
  constructor(
    code: StoreErrorCode,
    message: string,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(code, message, options);
  }
}

/** An error as recorded: plain data, truncated to `errorMax`. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly details?: unknown;
  /** The step that it came from. */
  readonly step?: string;
  readonly cause?: ErrorRecord;
  /** For a sensitive step: the whole record, sealed. */
  readonly sealed?: string;
}
