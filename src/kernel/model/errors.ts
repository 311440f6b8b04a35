/**
 * Errors that a person meets. `code` is stable and has an entry in docs/errors.md; `hint` says what to do. An error is
 * told apart by `code` and `name`, never by class: two versions of a bundle may each hold their own classes.
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

/** What a store throws; expected outcomes, such as a stale fence, are results instead. */
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

/** An error as it is recorded: plain data, cut to `errorMax`. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly details?: unknown;
  /** The step that it came from. */
  readonly step?: string;
  readonly cause?: ErrorRecord;
  /** Of a sensitive step: the whole record, sealed. */
  readonly sealed?: string;
}
