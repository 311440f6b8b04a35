import { StoreError } from "../../kernel/model/errors.ts";

/** Where a store lies: a database, and the schema in it that is Baton's own. */
export interface Address {
  /** For the driver, without what is Baton's. */
  readonly url: string;
  readonly schema: string;
}

/** So that it can live in the application's database. */
const defaultSchema = "baton";

/** Reads `postgres://user@host/database?schema=name`. Throws a `StoreError` that says what is wrong with it. */
export function readAddress(text: string): Address {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new StoreError("unavailable", "the store's address is no URL", { hint: addressHint, cause });
  }
  const schema = url.searchParams.get("schema") ?? defaultSchema;
  if (!/^[a-z_][a-z0-9_]{0,48}$/.test(schema))
    throw new StoreError("unavailable", `${JSON.stringify(schema)} cannot be the name of Baton's schema`, {
      hint: "use small letters, digits and _, at most 49 of them",
    });
  url.searchParams.delete("schema");
  return { url: url.href, schema };
}

/** The address as it may be shown: without a password. */
export function shownAddress(text: string): string {
  if (!URL.canParse(text)) return "postgres://…";
  const url = new URL(text);
  if (url.password !== "") url.password = "…";
  return url.href;
}

const addressHint = 'write "postgres://user:password@host:5432/database?schema=baton"';
