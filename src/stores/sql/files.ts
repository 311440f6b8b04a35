import { createHash } from "node:crypto";

/**
 * Large values as files next to the store, named by the SHA-256 of their bytes, so that equal values are stored once.
 *
 * A file is written before the transaction that refers to it commits, and removed after the one that drops it has
 * committed. A crash in between leaves a file without a row, never a row without its file. Orphaned files are swept
 * when they are old. A file never changes: it gets its name when it is complete.
 */
export interface Files {
  /** Stores the bytes. They are durable once `settle` has returned. */
  put(hash: string, bytes: Buffer): void;
  /** Makes stored files durable against a power failure. Call before the commit that refers to them. */
  settle(): void;
  /** Null: missing, or the content does not match the hash. */
  get(hash: string): Buffer | null;
  /** Whether a file of that name exists. It may be damaged. */
  has(hash: string): boolean;
  remove(hash: string): void;
  /** All files in one of `fileFolders` parts. `hash` null: an incomplete file that a writer left. */
  list(part: number): readonly FoundFile[];
  discard(found: FoundFile): void;
}

export interface FoundFile {
  readonly hash: string | null;
  readonly path: string;
  readonly changedAt: number;
}

/** Number of folders. They are named by the first two digits of a hash. */
export const fileFolders = 256;

export function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
