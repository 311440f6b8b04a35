import type { ErrorRecord } from "../../kernel/model/errors.ts";
import type { RunError } from "../../wire/run-error.ts";

/** An error without the details that only its own page needs, so that lists of failed runs stay small. */
export function briefError(error: ErrorRecord | null): RunError | null {
  if (error === null) return null;
  const { name, message, code, step } = error;
  return {
    name,
    message: message.length > briefMax ? `${message.slice(0, briefMax)}…` : message,
    ...(code === undefined ? {} : { code }),
    ...(step === undefined ? {} : { step }),
  };
}

/** The whole error, without its encrypted parts. */
export function wholeError(error: ErrorRecord): RunError {
  const { sealed: _sealed, cause, ...shown } = error;
  return cause === undefined ? shown : { ...shown, cause: wholeError(cause) };
}

const briefMax = 1_000;
