import type { Database } from "./database.ts";

/**
 * Leaves no copy of deleted rows behind: free pages go back to the disk, and the log beside the file is emptied. With
 * `isWhole` the file is written anew, so that not even what was deleted long ago is left in unused corners of its pages;
 * meanwhile everything waits. False: somebody reads from the log at this moment, so that it could not be emptied.
 */
export function scrub(db: Database, isWhole: boolean): boolean {
  if (isWhole) db.raw.exec("vacuum");
  else db.raw.exec("pragma incremental_vacuum");
  const [state] = db.raw.prepare("pragma wal_checkpoint(truncate)").all() as { busy: number }[];
  return state?.busy !== 1;
}
