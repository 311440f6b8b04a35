/** Exit codes of every command. */
export const exit = {
  ok: 0,
  /** The operation itself failed, for example the run. */
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  unreachable: 5,
  timedOut: 6,
  conflict: 7,
  interrupted: 130,
} as const;
export type Exit = (typeof exit)[keyof typeof exit];

/** An error that ends the command, printed once with a hint. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: string;
  readonly hint: string | null;
  readonly exit: Exit;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(
    exit: Exit,
    code: string,
    message: string,
    options: { hint?: string | null; details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = exit;
    this.code = code;
    this.hint = options.hint ?? null;
    this.details = options.details ?? {};
  }
}

/** The exit code for a status of the API. */
export function exitOfStatus(status: number): Exit {
  switch (status) {
    case 404:
      return exit.notFound;
    case 403:
    case 405:
      return exit.notAllowed;
    case 409:
      return exit.conflict;
    case 400:
    case 413:
    case 415:
    case 422:
      return exit.usage;
    default:
      return exit.unreachable;
  }
}

/** The exit code for an error of Baton in this process. */
export function exitOfError(code: string, details: Readonly<Record<string, unknown>>): Exit {
  switch (code) {
    case "unavailable":
      // Another process has the store, or it is unreachable.
      return "pid" in details ? exit.conflict : exit.unreachable;
    case "not-found":
    case "unknown-definition":
      return exit.notFound;
    case "read-only":
    case "needs-accounts":
      return exit.notAllowed;
    case "key-conflict":
    case "illegal":
    case "conflict":
    case "not-at-rest":
    case "not-held":
    case "ambiguous":
      return exit.conflict;
    case "invalid-config":
    case "invalid-option":
    case "invalid-input":
    case "invalid-fixture":
      return exit.usage;
    default:
      return exit.failed;
  }
}
