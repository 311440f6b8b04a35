import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Artifacts that this machine has bundled itself. Without a deploy key only these are loaded. The file is writable only
 * by its owner and is not part of the store, so that write access to the store does not allow running code here.
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

  /**
   * Adds new lines. From a very long list, lines that the store no longer has (`isKnown`) are removed: the list grows
   * with every change, over years.
   */
  add(lines: readonly string[], isKnown: (line: string) => boolean): void {
    if (lines.every((line) => this.#lines.has(line))) return;
    // Not earlier: a modified row or a restored copy must not remove what this machine has bundled.
    if (this.#lines.size > linesMax) for (const line of this.#lines) if (!isKnown(line)) this.#lines.delete(line);
    for (const line of lines) this.#lines.add(line);
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#file}.part`, `${[...this.#lines].join("\n")}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.part`, this.#file);
  }
}

/** About 1 MB. */
const linesMax = 10_000;

/** If another user owns the file or could write to it, it is ignored. */
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
