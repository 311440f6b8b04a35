import { statSync } from "node:fs";
import type { DatabaseFacts } from "../sql/context.ts";
import type { Work } from "../sql/work.ts";
import type { Database } from "./database.ts";

/** Facts that SQLite reports about its file. */
export class SqliteFacts implements DatabaseFacts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  *version(): Work<string> {
    return this.#db.get<{ v: string }>("select sqlite_version() as v")?.v ?? "";
  }

  *schema(): Work<number> {
    return this.#pragma("user_version");
  }

  /** Size of the file, and how much of it is free pages. */
  *bytes(): Work<{ bytes: number; freeBytes: number }> {
    const size = this.#pragma("page_size");
    return { bytes: this.#pragma("page_count") * size, freeBytes: this.#pragma("freelist_count") * size };
  }

  /** Size of the log next to the file; 0 for a store in memory. */
  *walBytes(): Work<number> {
    const main = "select file from pragma_database_list where name = 'main'";
    const file = this.#db.get<{ file: string }>(main)?.file ?? "";
    return file === "" ? 0 : (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  }

  *damages(how: "quick" | "full"): Work<readonly string[]> {
    const check = how === "full" ? "integrity_check" : "quick_check";
    const rows = this.#db.all<Record<string, string>>(`pragma ${check}(10)`).flatMap((row) => Object.values(row));
    return rows.filter((row) => row !== "ok");
  }

  #pragma(name: string): number {
    return Number(Object.values(this.#db.get(`pragma ${name}`) ?? {})[0] ?? 0);
  }
}
