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

  /** Keeps the new ones, and of the old ones only what `isKept` still wants. */
  add(lines: readonly string[], isKept: (line: string) => boolean = () => true): void {
    const before = this.#lines.size;
    for (const line of this.#lines) if (!isKept(line)) this.#lines.delete(line);
    const isSame = this.#lines.size === before && lines.every((line) => this.#lines.has(line));
    if (isSame) return;
    for (const line of lines) this.#lines.add(line);
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#file}.part`, `${[...this.#lines].join("\n")}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.part`, this.#file);
  }
}

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
