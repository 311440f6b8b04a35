import { constants, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../kernel/model/errors.ts";
import { filesPath, syncFolder } from "./files.ts";

/**
 * Copies the files that `database` refers to from next to the store `from` to next to `to`. Returns their total bytes.
 * They are copied, not linked: damage to a linked file would also affect the copy. If the file system supports it,
 * blocks are shared until one is written.
 */
export function carryFiles(from: string, database: string, to = database): number {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const hasFiles = db.prepare("select 1 from sqlite_schema where name = 'payload_files'").get() !== undefined;
    if (!hasFiles) return 0;
    const used =
      "select hash, bytes from payload_files where exists (select 1 from payloads p where p.file = payload_files.hash)";
    let bytes = 0;
    const folders = new Set<string>();
    for (const row of db.prepare(used).iterate() as Iterable<{ hash: string; bytes: number }>) {
      const place = join(row.hash.slice(0, 2), row.hash);
      const [source, target] = [join(filesPath(from), place), join(filesPath(to), place)];
      bytes += row.bytes;
      if (existsSync(target)) continue;
      if (!existsSync(source))
        throw new StoreError("corrupt", `the file ${source} of a large value is missing`, {
          hint: "find its run with: baton doctor --full; restore the file from a backup",
        });
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
      folders.add(dirname(target));
    }
    for (const folder of folders) syncFolder(folder);
    return bytes;
  } finally {
    db.close();
  }
}
