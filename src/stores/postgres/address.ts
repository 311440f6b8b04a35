import { StoreError } from "../../kernel/model/errors.ts";

/** The location of a store: a database, and Baton's own schema in it. */
export interface Address {
  /** The URL for the driver, without Baton's own parameters. */
  readonly url: string;
  readonly schema: string;
  /** False: sends and receives no hints, as behind a pooler that keeps no sessions. */
  readonly hasHints: boolean;
}

/** A schema of its own, so that the store can share the application's database. */
const defaultSchema = "baton";

/** Parses `postgres://user@host/database?schema=name&hints=off`. Throws a `StoreError` that describes the problem. */
export function readAddress(text: string): Address {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new StoreError("unavailable", "the store address is not a valid URL", { hint: addressHint, cause });
  }
  const schema = url.searchParams.get("schema") ?? defaultSchema;
  if (!/^[a-z_][a-z0-9_]{0,48}$/.test(schema))
    throw new StoreError("unavailable", `${JSON.stringify(schema)} is not a valid schema name`, {
      hint: "use lower-case letters, digits and _, at most 49 characters",
    });
  const hints = url.searchParams.get("hints") ?? "on";
  if (hints !== "on" && hints !== "off")
    throw new StoreError("unavailable", `hints must be on or off, not ${JSON.stringify(hints)}`, { hint: addressHint });
  url.searchParams.delete("schema");
  url.searchParams.delete("hints");
  return { url: url.href, schema, hasHints: hints === "on" };
}

/** The address for display, without a password. */
export function shownAddress(text: string): string {
  if (!URL.canParse(text)) return "postgres://…";
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  return url.href;
}

const addressHint = 'write "postgres://user:password@host:5432/database?schema=baton"';
