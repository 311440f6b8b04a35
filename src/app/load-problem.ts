import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { BatonError } from "../kernel/model/errors.ts";
import type { DefinitionProblem } from "../wire/definition.ts";

/** Why a file could not be loaded, with the place in the author's files. */
export function loadProblem(file: string, error: unknown): DefinitionProblem {
  const place = placeOf(error, file) ?? { path: file, line: null };
  const isElsewhere = place.path !== file;
  return {
    file: shown(place.path),
    line: place.line,
    message: `${messageOf(error)}${isElsewhere ? ` (imported by ${shown(file)})` : ""}`,
  };
}

/** Formats `file:line: message`, which editors and terminals turn into a link. */
export function describeProblem({ file, line, message }: DefinitionProblem): string {
  return `${file}${line === null ? "" : `:${line}`}: ${message}`;
}

/** A path for display: relative if that is shorter. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === "" || near.startsWith("../..") ? path : near;
}

/** The line of the first match, counted from 1. */
export function lineOf(path: string, pattern: RegExp): number | null {
  if (!existsSync(path)) return null;
  const index = readFileSync(path, "utf8").search(pattern);
  return index < 0 ? null : readFileSync(path, "utf8").slice(0, index).split("\n").length;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const text =
    error.name === "Error" || error instanceof BatonError ? error.message : `${error.name}: ${error.message}`;
  const hint = error instanceof BatonError && error.hint !== null ? `; ${error.hint}` : "";
  return text.replaceAll(/\?v=\d+/g, "") + hint;
}

function placeOf(error: unknown, file: string): { path: string; line: number | null } | null {
  if (!(error instanceof Error)) return null;
  return syntaxPlace(error) ?? missingPlace(error) ?? framePlace(error, file);
}

/** For a syntax error, Node puts the place at the start of the stack. */
function syntaxPlace(error: Error): { path: string; line: number } | null {
  const first = /^(file:\/\/\S+|\/\S.*?|[A-Z]:\\.*?):(\d+)$/m.exec(error.stack?.split("\n")[0] ?? "");
  return first === null ? null : { path: pathOf(first[1] ?? ""), line: Number(first[2]) };
}

/** For a missing module, Node reports the importing file but not the line. */
function missingPlace(error: Error): { path: string; line: number | null } | null {
  const found = /Cannot find (?:module|package) '([^']+)' imported from (.+)$/m.exec(error.message);
  if (found === null) return null;
  const path = pathOf(found[2] ?? "");
  const wanted = (found[1] ?? "").split("/").at(-1) ?? "";
  return { path, line: lineOf(path, new RegExp(`["'][^"'\\n]*${wanted.replaceAll(/[^\w-]/g, ".")}["']`)) };
}

/** The first frame in user code. Source-mapped frames have a path, all others a URL. */
function framePlace(error: Error, file: string): { path: string; line: number } | null {
  const frames = [
    ...(error.stack ?? "").matchAll(/^ +at (?:.*\()?(file:\/\/[^\s)]+|\/[^)\n]+|[A-Z]:\\[^)\n]+):(\d+):\d+\)?$/gm),
  ].map(([, place = "", line]) => ({ path: pathOf(place), line: Number(line) }));
  return (
    frames.find(({ path }) => path === file) ?? frames.find(({ path }) => !path.includes("/node_modules/")) ?? null
  );
}

function pathOf(place: string): string {
  const plain = place.replace(/\?v=\d+$/, "");
  return plain.startsWith("file:") ? fileURLToPath(plain) : plain;
}
