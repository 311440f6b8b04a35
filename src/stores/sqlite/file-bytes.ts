import { statSync } from "node:fs";
import type { Context } from "./context.ts";

/** Size of the log beside the file; 0 for a store in memory. */
export function walBytes({ db }: Context): number {
  const file = db.get<{ file: string }>("select file from pragma_database_list where name = 'main'")?.file ?? "";
  return file === "" ? 0 : (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}

/** Size of the file, and what of it is free pages. */
export function fileBytes({ db }: Context): { bytes: number; freeBytes: number } {
  const pragma = (name: string): number => Number(Object.values(db.get(`pragma ${name}`) ?? {})[0] ?? 0);
  const size = pragma("page_size");
  return { bytes: pragma("page_count") * size, freeBytes: pragma("freelist_count") * size };
}
