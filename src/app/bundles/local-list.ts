import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * What this machine has bundled itself, in a file that only its owner may write: without a deploy key nothing else is
 * loaded. It is no part of the store, so that whoever can write a row there cannot run code here.
 */
export class LocalList {
  readonly #file: string;
  readonly #lines: Set<string>;

  constructor(file: string) {
    this.#file = file;
    this.#lines = new Set(readLines(file));
  }

  get lines(): readonly string[] {
    return [...this.#lines];
  }

  has(line: string): boolean {
    return this.#lines.has(line);
  }

  /** Keeps the new ones. Of a very long list only what `isKnown` to the store stays: it is made of every change in years. */
  add(lines: readonly string[], isKnown: (line: string) => boolean): void {
    if (lines.every((line) => this.#lines.has(line))) return;
    // Not sooner: a row that somebody has changed, or a restored copy, must not make it forget what it has made.
    if (this.#lines.size > linesMax) for (const line of this.#lines) if (!isKnown(line)) this.#lines.delete(line);
    for (const line of lines) this.#lines.add(line);
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#file}.part`, `${[...this.#lines].join("\n")}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.part`, this.#file);
  }
}

/** About a megabyte. */
const linesMax = 10_000;

/** Nobody else may have had a hand in it: then it says nothing. */
function readLines(file: string): readonly string[] {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const isOthers = process.getuid !== undefined && (stat.uid !== process.getuid() || (stat.mode & 0o022) !== 0);
  return isOthers
    ? []
    : readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "");
}
