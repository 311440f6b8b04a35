import { createHash } from "node:crypto";
import { join } from "node:path";
import { BatonError } from "../kernel/model/errors.ts";
import { readAddress, shownAddress } from "../stores/postgres/address.ts";

/** A parsed store address: a SQLite file, or a schema in a PostgreSQL database. */
export type StoreAddress =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

export const defaultStore = "sqlite:./baton.db";

/** Parses `sqlite:<path>` or `postgres://…`. Throws a `BatonError` for anything else. */
export function readStoreAddress(store: string): StoreAddress {
  if (isPostgres(store)) {
    readAddress(store);
    return { kind: "postgres", url: store };
  }
  if (store === "sqlite::memory:")
    throw new BatonError("invalid-option", "in-memory stores are for tests only", {
      hint: 'use openTestBaton from "baton/testing"',
    });
  if (store.startsWith("sqlite:") && store.length > 7) return { kind: "sqlite", path: store.slice(7) };
  throw new BatonError("invalid-option", `unknown store ${JSON.stringify(store)}`, {
    hint: 'use "sqlite:./baton.db" or "postgres://user@host/database"',
  });
}

export function isPostgres(store: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(store);
}

/** The address for display, without a password. */
export function showStore(address: StoreAddress): string {
  return address.kind === "sqlite" ? address.path : shownAddress(address.url);
}

/**
 * The path next to which this machine keeps its own files of a store: the store file itself, or a name in `.baton` that
 * is unique to the store.
 */
export function localPath(address: StoreAddress, base: string): string {
  if (address.kind === "sqlite") return address.path;
  const { url, schema } = readAddress(address.url);
  const { host, pathname } = new URL(url);
  const name = createHash("sha256").update(`${host}${pathname}`).digest("hex").slice(0, 12);
  return join(base, ".baton", `${schema}-${name}`);
}
