import { BatonError } from "../kernel/model/errors.ts";
import type { Page } from "../wire/page.ts";

/** The end of a page: the number of its last row. Opaque to clients, so that its meaning can change. */
function encodeToken(kind: string, last: number): string {
  return Buffer.from(`${kind}.${last.toString(36)}`).toString("base64url");
}

/** The row number in a page token for this kind of list; null without a token. */
export function decodeToken(kind: string, token: string | undefined): number | null {
  if (token === undefined) return null;
  const [of, last = ""] = Buffer.from(token, "base64url").toString().split(".");
  const number = /^[0-9a-z]{1,11}$/.test(last) ? Number.parseInt(last, 36) : Number.NaN;
  if (of !== kind || !Number.isSafeInteger(number)) {
    throw new BatonError("invalid-page-token", "this pageToken does not belong to this list", {
      hint: "use the nextPageToken of the previous page unchanged, or omit it to start from the first page",
      details: { issues: [{ path: "pageToken", message: "does not belong to this list" }] },
    });
  }
  return number;
}

/** Builds a page from up to `limit` + 1 rows. The extra row shows whether there are more. */
export function pageOf<Row, Item>(
  kind: string,
  rows: readonly Row[],
  limit: number,
  noOf: (row: Row) => number,
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items: shown.map(toItem), nextPageToken: hasMore ? encodeToken(kind, noOf(last)) : null };
}
