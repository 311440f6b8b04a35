import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { StoreError } from "../../kernel/model/errors.ts";
import { type Files, type FoundFile, hashOf } from "../sql/files.ts";

export function filesPath(store: string): string {
  return `${store}.files`;
}

export class DiskFiles implements Files {
  readonly #root: string;
  /** Folders whose new names are not yet durable against a power failure. */
  readonly #unsettled = new Set<string>();

  constructor(store: string) {
    this.#root = filesPath(store);
  }

  path(hash: string): string {
    return join(this.#root, hash.slice(0, 2), hash);
  }

  put(hash: string, bytes: Buffer): void {
    const path = this.path(hash);
    // A damaged file is replaced when the same bytes are stored again.
    if (this.get(hash) !== null) return;
    try {
      this.#makeFolder(dirname(path));
      writeDurably(`${path}.part`, bytes);
      renameSync(`${path}.part`, path);
      this.#unsettled.add(dirname(path));
    } catch (cause) {
      rmSync(`${path}.part`, { force: true });
      throw notWritten(path, cause);
    }
  }

  #makeFolder(folder: string): void {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    this.#unsettled.add(this.#root);
    this.#unsettled.add(dirname(this.#root));
  }

  settle(): void {
    if (this.#unsettled.size === 0) return;
    for (const folder of this.#unsettled) syncFolder(folder);
    this.#unsettled.clear();
  }

  get(hash: string): Buffer | null {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.path(hash));
    } catch {
      return null;
    }
    return hashOf(bytes) === hash ? bytes : null;
  }

  has(hash: string): boolean {
    return existsSync(this.path(hash));
  }

  remove(hash: string): void {
    rmSync(this.path(hash), { force: true });
  }

  list(part: number): readonly FoundFile[] {
    const folder = join(this.#root, part.toString(16).padStart(2, "0"));
    let names: readonly string[];
    try {
      names = readdirSync(folder);
    } catch {
      return [];
    }
    return names.flatMap((name) => {
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) return [];
      return [{ hash: /^[0-9a-f]{64}$/.test(name) ? name : null, path, changedAt: stat.mtimeMs }];
    });
  }

  discard(found: FoundFile): void {
    rmSync(found.path, { force: true });
  }
}

/** Files of a store in memory. */
export class MemoryFiles implements Files {
  readonly #bytes = new Map<string, Buffer>();

  put(hash: string, bytes: Buffer): void {
    this.#bytes.set(hash, bytes);
  }

  settle(): void {}

  get(hash: string): Buffer | null {
    return this.#bytes.get(hash) ?? null;
  }

  has(hash: string): boolean {
    return this.#bytes.has(hash);
  }

  remove(hash: string): void {
    this.#bytes.delete(hash);
  }

  list(part: number): readonly FoundFile[] {
    const prefix = part.toString(16).padStart(2, "0");
    return [...this.#bytes.keys()]
      .filter((hash) => hash.startsWith(prefix))
      .map((hash) => ({ hash, path: hash, changedAt: 0 }));
  }

  discard({ path }: FoundFile): void {
    this.#bytes.delete(path);
  }
}

function writeDurably(path: string, bytes: Buffer): void {
  const file = openSync(path, "w", 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function notWritten(path: string, cause: unknown): StoreError {
  const code = (cause as { code?: string }).code ?? "";
  if (code === "ENOSPC" || code === "EDQUOT")
    return new StoreError("unavailable", "the disk is full: nothing was written", {
      hint: "free disk space; Baton continues by itself",
      cause,
    });
  return new StoreError("unavailable", `a large value cannot be written to ${path}: ${code}`, {
    hint: "check the disk and its permissions",
    cause,
  });
}
