import { defaults } from "../../kernel/model/limits.ts";
import type { Context } from "./context.ts";
import { fileFolders } from "./files.ts";
import { mapWork, type Work } from "./work.ts";

/**
 * Deletes the rows of files that have been unused for a while, and returns their hashes. The files are removed after
 * the commit.
 */
export function* sweepFiles(context: Context, limit: number, at: number): Work<readonly string[]> {
  const { db } = context;
  const before = at - defaults.fileGraceMs;
  const isUsed = "exists (select 1 from payloads p where p.file = payload_files.hash)";
  yield* db.run(`update payload_files set loose_at = null where loose_at < ? and ${isUsed}`, before);
  return yield* mapWork(
    yield* db.all<{ hash: string }>("select hash from payload_files where loose_at < ? limit ?", before, limit),
    function* ({ hash }) {
      yield* db.run("delete from payload_files where hash = ?", hash);
      return hash;
    },
  );
}

/**
 * Removes files without a row: their writer crashed before its commit, or a sweep crashed after its own. Each sweep
 * handles one part, and keeps young files, whose row may still be committed. Returns the next part.
 */
export function* sweepOrphans(context: Context, part: number): Work<number> {
  const before = context.clock.now() - defaults.fileGraceMs;
  for (const found of context.files.list(part)) {
    if (found.changedAt >= before) continue;
    const isKnown =
      found.hash !== null &&
      (yield* context.db.get("select 1 from payload_files where hash = ?", found.hash)) !== undefined;
    if (!isKnown) context.files.discard(found);
  }
  return (part + 1) % fileFolders;
}
