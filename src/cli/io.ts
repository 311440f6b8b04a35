import { CliError, type Exit, exit, exitOfError } from "./exit.ts";
import { jsonText, type Paint, painted, plain, unpainted } from "./text.ts";

export type Format = "human" | "json" | "jsonl";

/** Output of a command: data to stdout, messages to stderr. */
export interface Io {
  readonly format: Format;
  readonly paint: Paint;
  /** Columns of the terminal; null if stdout is not a terminal. */
  readonly width: number | null;
  /** Lines of data for people. */
  lines(lines: readonly string[]): void;
  /** One JSON document. */
  document(value: unknown): void;
  /** A list: one document, or one line per item. */
  list(items: readonly unknown[]): void;
  /** Messages in addition to the data. */
  say(text: string): void;
  fail(error: unknown): Exit;
}

export function createIo(options: { json?: boolean; jsonl?: boolean; color?: boolean }): Io {
  const format: Format = options.jsonl ? "jsonl" : options.json ? "json" : "human";
  const { stdout } = process;
  const isColoured = stdout.isTTY && options.color !== false && !process.env["NO_COLOR"];
  const write = (text: string): void => {
    stdout.write(`${text}\n`);
  };
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  return {
    format,
    say,
    paint: isColoured ? painted : unpainted,
    width: stdout.isTTY ? stdout.columns : null,
    lines: (lines) => {
      for (const line of lines) write(line);
    },
    document: (value) => write(jsonText(value, format === "jsonl" ? undefined : 2)),
    list: (items) => {
      if (format === "json") write(jsonText(items, 2));
      else for (const item of items) write(jsonText(item));
    },
    fail: (error) => {
      const known = asCliError(error);
      const { code, message, hint, details } = known;
      if (format === "human") {
        say(`error: ${plain(message)}`);
        if (hint !== null) say(`hint: ${plain(hint)}`);
      } else {
        const more = Object.keys(details).length === 0 ? {} : { details };
        say(jsonText({ error: { code, message, hint, ...more } }));
      }
      return known.exit;
    },
  };
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (isBatonError(error))
    return new CliError(exitOfError(error.code, error.details), error.code, error.message, {
      hint: error.hint,
      details: error.details,
    });
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CliError(exit.failed, "internal", message);
}

interface BatonErrorLike {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Errors of Baton are recognised by their fields, not their class. */
function isBatonError(error: unknown): error is BatonErrorLike {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "hint" in error &&
    "details" in error &&
    typeof error.details === "object"
  );
}
