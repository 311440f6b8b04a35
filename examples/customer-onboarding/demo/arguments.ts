import { parseArgs } from "node:util";

export const BREAK_MODES = ["503", "hang", "crash"] as const;
export type BreakMode = (typeof BREAK_MODES)[number];

/** Arguments of `npm run onboard`. */
export interface OnboardArguments {
  readonly breakMode: BreakMode | null;
  readonly count: number;
}

/** Enough for a demo. */
const COUNT_MAX = 1_000;

const USAGE = `Usage: npm run onboard -- [--break [${BREAK_MODES.join("|")}]] [--count 1..${COUNT_MAX}]`;

/** Reads `--break [503|hang|crash]` and `--count n`. Throws the usage if they are not valid. */
export function readArguments(args: readonly string[]): OnboardArguments {
  const { isBreak, words, count } = split(args);
  const breakMode = BREAK_MODES.find((known) => known === (words[0] ?? "503"));
  const isUnderstood = breakMode !== undefined && words.length <= (isBreak ? 1 : 0);
  if (!isUnderstood || !Number.isInteger(count) || count < 1 || count > COUNT_MAX) throw new Error(USAGE);
  return { breakMode: isBreak ? breakMode : null, count };
}

/** parseArgs does not support flags with an optional value, so the mode is read as a positional argument. */
function split(args: readonly string[]): { isBreak: boolean; words: string[]; count: number } {
  const separated = args.flatMap((arg) =>
    arg.startsWith("--break=") ? ["--break", arg.slice("--break=".length)] : [arg],
  );
  try {
    const { values, positionals } = parseArgs({
      args: separated,
      allowPositionals: true,
      options: { break: { type: "boolean", default: false }, count: { type: "string", default: "1" } },
    });
    return { isBreak: values.break, words: positionals, count: Number(values.count) };
  } catch (cause) {
    throw new Error(USAGE, { cause });
  }
}
