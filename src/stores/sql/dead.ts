import type { ErrorRecord } from "../../kernel/model/errors.ts";
import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/** Adds a dead letter: a failed run that needs a person. */
export function* addDeadLetter(
  context: Context,
  letter: { run: number; fingerprint: string; step: string | null; compensation: string | null },
  at: number,
): Work<void> {
  yield* context.db.run(
    "insert into dead (run, fingerprint, step, at, compensation) values (?, ?, ?, ?, ?)",
    letter.run,
    letter.fingerprint,
    letter.step,
    at,
    letter.compensation,
  );
  context.counters.cause(letter.fingerprint, 1);
}

/** False: it was not a dead letter. */
export function* removeDeadLetter(context: Context, run: number): Work<boolean> {
  const [letter] = yield* context.db.all<{ fingerprint: string }>(
    "delete from dead where run = ? returning fingerprint",
    run,
  );
  if (letter !== undefined) context.counters.cause(letter.fingerprint, -1);
  return letter !== undefined;
}

/** Indexes the words of a run's error message for search. */
export function* keepErrorText(context: Context, run: number, { message }: ErrorRecord): Work<void> {
  for (const word of wordsOf(message))
    yield* context.db.run("insert into error_words (word, run) values (?, ?) on conflict do nothing", word, run);
}

export function* forgetErrorText(context: Context, run: number): Work<void> {
  yield* context.db.run("delete from error_words where run = ?", run);
}

/** The beginning of a message is enough. */
const wordsMax = 40;

/** Words and numbers in lower case, as indexed and searched. */
export function wordsOf(text: string): readonly string[] {
  const words =
    text
      .slice(0, 2_000)
      .toLowerCase()
      .match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  return [...new Set(words.map((word) => word.slice(0, 60)))].slice(0, wordsMax);
}
