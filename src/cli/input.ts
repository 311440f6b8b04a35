import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { readJsonText } from "../app/read-json.ts";
import { CliError, exit } from "./exit.ts";

/** The JSON value of an option: literal, `@file`, or `-` for stdin. */
export async function readJson(option: string, given: string): Promise<unknown> {
  const source = await readSource(option, given);
  try {
    return readJsonText(source, option);
  } catch (cause) {
    const { code, message } = cause as Error & { code: string };
    throw new CliError(exit.usage, code, message, {
      hint: `write ${option} '{"name":"value"}', ${option} @file.json, or ${option} - to read it from stdin`,
      cause,
    });
  }
}

async function readSource(option: string, given: string): Promise<string> {
  if (given === "-") return text(process.stdin);
  if (!given.startsWith("@")) return given;
  try {
    return readFileSync(given.slice(1), "utf8");
  } catch (cause) {
    throw new CliError(exit.usage, "usage", `${option}: cannot read ${given.slice(1)}`, {
      hint: "give the path of an existing file",
      cause,
    });
  }
}

/** A whole number of an option. */
export function readCount(option: string, given: string, max: number): number {
  const count = Number(given);
  if (Number.isInteger(count) && count > 0 && count <= max) return count;
  throw new CliError(exit.usage, "usage", `${option} must be a whole number from 1 to ${max}, not ${given}`);
}

/** Asks before an action that cannot be undone. Without a terminal, the answer is no. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
