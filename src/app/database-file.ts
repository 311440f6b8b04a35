import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { backup } from "node:sqlite";
import { BatonError, StoreError } from "../kernel/model/errors.ts";
import { carryFiles } from "../stores/sqlite/carry-files.ts";
import { SqliteCore } from "../stores/sqlite/core.ts";
import { filesPath } from "../stores/sqlite/files.ts";
import { openReader } from "../stores/sqlite/open.ts";
import { takeOwnership } from "../stores/sqlite/owner.ts";

/** A consistent copy of a store in a new file; its owner goes on meanwhile. */
export async function backupStore(store: string, copy: string): Promise<{ bytes: number }> {
  if (existsSync(copy)) {
    throw new BatonError("invalid-option", `${copy} already exists`, {
      hint: "choose another file name, or remove the existing file",
    });
  }
  if (!existsSync(dirname(copy))) {
    throw new BatonError("invalid-option", `the folder ${dirname(copy)} does not exist`, {
      hint: "create it, or choose another folder",
    });
  }
  const reader = openReader(store);
  try {
    // Made beside its final name, so that a file of that name is always whole.
    await backup(reader.raw, `${copy}.part`);
    sync(`${copy}.part`);
    // Large values first, under the copy's final name: whoever finds the copy finds them too.
    const bytes = carryFiles(store, `${copy}.part`, copy);
    renameSync(`${copy}.part`, copy);
    return { bytes: statSync(copy).size + bytes };
  } finally {
    reader.close();
    rmSync(`${copy}.part`, { force: true });
  }
}

/**
 * Puts a copy in the place of a store that nobody has open. What was there is kept under another name; should the
 * process die between the two renames, both files are still there under theirs.
 */
export async function restoreStore(store: string, copy: string): Promise<{ kept: string | null }> {
  if (!existsSync(copy))
    throw new StoreError("not-found", `the file ${copy} does not exist`, { hint: "give the path of a backup" });
  checkCopy(copy);
  const ownership = takeOwnership(store);
  try {
    const kept = existsSync(store) ? `${store}.before-restore-${Date.now()}` : null;
    copyFileSync(copy, `${store}.part`);
    sync(`${store}.part`);
    rmSync(filesPath(`${store}.part`), { recursive: true, force: true });
    carryFiles(copy, `${store}.part`);
    for (const suffix of ["", "-wal", "-shm", filesPath("")]) {
      if (kept !== null && existsSync(`${store}${suffix}`)) renameSync(`${store}${suffix}`, `${kept}${suffix}`);
    }
    if (existsSync(filesPath(`${store}.part`))) renameSync(filesPath(`${store}.part`), filesPath(store));
    renameSync(`${store}.part`, store);
    sync(dirname(store));
    return { kept };
  } finally {
    ownership.release();
  }
}

/** A file that is no store of Baton is refused before anything is moved. */
function checkCopy(copy: string): void {
  const reader = openReader(copy);
  try {
    const stats = new SqliteCore(reader, { now: Date.now }).query("stats", {});
    const check = reader.get<{ integrity_check: string }>("pragma integrity_check(1)")?.integrity_check;
    if (stats.schema === 0 || check !== "ok") {
      throw new StoreError("corrupt", `${copy} is damaged or is not a Baton store: ${check ?? "no result"}`, {
        hint: "use another backup; nothing was changed",
      });
    }
  } finally {
    reader.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}
