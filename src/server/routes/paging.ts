import { defaults } from "../../kernel/model/limits.ts";
import { type Schema, text, whole } from "../schema/schema.ts";

/** Query fields of every list. */
export const paging: Readonly<Record<string, Schema>> = {
  limit: { ...whole, minimum: 1, maximum: defaults.pageMax, default: 50, description: "Rows of a page." },
  pageToken: text(200, "nextPageToken of the previous page."),
};

export interface Paging {
  readonly limit?: number;
  readonly pageToken?: string;
}

const limitDefault = 50;

export function limitOf(query: Paging): number {
  return query.limit ?? limitDefault;
}
