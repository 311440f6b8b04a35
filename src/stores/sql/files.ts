import { createHash } from "node:crypto";

/**
 * Large values as files beside the store, named by the SHA-256 of their bytes, so that the same bytes lie there once.
 *
 * A file is written before the transaction that names it commits, and removed after the one that forgets it has. Whatever
 * dies in between leaves a file that no row names, never a row without its file; such orphans are swept when they are
 * old. A file is never changed: it gets its name when it is whole.
 */
export interface Files {
  /** The bytes are there for good once `settle` has returned. */
  put(hash: string, bytes: Buffer): void;
  /** Makes what was put outlast a power cut. Before the commit that names it. */
  settle(): void;
  /** Null: missing, or not the bytes of that hash. */
  get(hash: string): Buffer | null;
  /** Whether there is one of that name; it may be damaged. */
  has(hash: string): boolean;
  remove(hash: string): void;
  /** Everything in one of `fileFolders` parts; `hash` null: what a writer left half-way. */
  list(part: number): readonly FoundFile[];
  discard(found: FoundFile): void;
}

export interface FoundFile {
  readonly hash: string | null;
  readonly path: string;
  readonly changedAt: number;
}

/** Folders are named by the first two digits of a hash. */
export const fileFolders = 256;

export function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
