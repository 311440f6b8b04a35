import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { backup } from "node:sqlite";
import { BatonError, StoreError } from "../kernel/model/errors.ts";
import { carryFiles } from "../stores/sqlite/carry-files.ts";
import { SqliteCore } from "../stores/sqlite/core.ts";
import { filesPath } from "../stores/sqlite/files.ts";
import { openReader } from "../stores/sqlite/open.ts";
import { takeOwnership } from "../stores/sqlite/owner.ts";

/** Writes a consistent copy of a store to a new file. The store's owner continues meanwhile. */
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
    // Written under a temporary name, so that a file with the final name is always complete.
    await backup(reader.raw, `${copy}.part`);
    sync(`${copy}.part`);
    // Copy large values first, under the copy's final name: when the copy exists, its files do too.
    const bytes = carryFiles(store, `${copy}.part`, copy);
    renameSync(`${copy}.part`, copy);
    return { bytes: statSync(copy).size + bytes };
  } finally {
    reader.close();
    rmSync(`${copy}.part`, { force: true });
  }
}

/**
 * Replaces a store that no process has open with a copy. The previous store is kept under another name. If the process
 * crashes between the two renames, both files still exist under those names.
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

/** Refuses a file that is not a Baton store before anything is moved. */
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
