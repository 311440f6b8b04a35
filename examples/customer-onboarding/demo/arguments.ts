import { parseArgs } from "node:util";

export const BREAK_MODES = ["503", "hang", "die"] as const;
export type BreakMode = (typeof BREAK_MODES)[number];

/** What `npm run onboard` was asked for. */
export interface OnboardArguments {
  readonly breakMode: BreakMode | null;
  readonly count: number;
}

/** More runs at once than the demo's console is made for. */
const COUNT_MAX = 1_000;

const USAGE = `usage: npm run onboard -- [--break [${BREAK_MODES.join("|")}]] [--count 1..${COUNT_MAX}]`;

/** Reads `--break [503|hang|die]` and `--count n`. Throws with the usage when it cannot. */
export function readArguments(args: readonly string[]): OnboardArguments {
  const { isBreak, words, count } = split(args);
  const breakMode = BREAK_MODES.find((known) => known === (words[0] ?? "503"));
  const isUnderstood = breakMode !== undefined && words.length <= (isBreak ? 1 : 0);
  if (!isUnderstood || !Number.isInteger(count) || count < 1 || count > COUNT_MAX) throw new Error(USAGE);
  return { breakMode: isBreak ? breakMode : null, count };
}

/** parseArgs knows no flag with an optional value: the mode is taken as the word that follows. */
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
