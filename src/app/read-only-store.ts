import { BatonError } from "../kernel/model/errors.ts";
import type { Store } from "../kernel/ports/store.ts";
import { SqliteCore, toStoreError } from "../stores/sqlite/core.ts";
import { DiskFiles } from "../stores/sqlite/files.ts";
import { openReader } from "../stores/sqlite/open.ts";

/** Opens a store file for reading only, whether or not another process owns it. */
export function openReadOnlyStore(path: string): Store {
  const db = openReader(path);
  const core = new SqliteCore(db, { now: Date.now, files: new DiskFiles(path) });
  const refuse = (): Promise<never> =>
    Promise.reject(
      new BatonError("read-only", `${path} is open for reading only`, {
        hint: "make the change in the process that owns the store",
      }),
    );
  return {
    query: async (name, params) => {
      // One snapshot for all statements of a query: rows that the owner deletes between two statements would look like
      // damage.
      db.raw.exec("begin");
      try {
        return core.query(name, params);
      } catch (error) {
        throw toStoreError(error);
      } finally {
        if (db.raw.isTransaction) db.raw.exec("rollback");
      }
    },
    backup: async ({ path: copy }) => {
      db.raw.prepare("vacuum into ?").run(copy);
      return { bytes: core.query("stats", {}).bytes };
    },
    close: async () => db.close(),
    join: refuse,
    beat: refuse,
    lease: refuse,
    load: refuse,
    commit: refuse,
    transact: refuse,
    sweep: refuse,
    leave: refuse,
  };
}
