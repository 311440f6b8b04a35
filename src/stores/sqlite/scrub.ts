import type { Database } from "./database.ts";

/**
 * Removes all copies of deleted rows: returns free pages to the disk and empties the log next to the file. With
 * `isWhole` the file is rewritten, so that unused parts of its pages have no old data either; everything waits
 * meanwhile. False: the log could not be emptied, because a reader is using it.
 */
export function scrub(db: Database, isWhole: boolean): boolean {
  if (isWhole) db.raw.exec("vacuum");
  else db.raw.exec("pragma incremental_vacuum");
  const [state] = db.raw.prepare("pragma wal_checkpoint(truncate)").all() as { busy: number }[];
  return state?.busy !== 1;
}
