import { moment, object, type Schema, whole } from "./schema.ts";

const string: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0 };

/** What the console's pages are made of, as schemas. */
export const consoleComponents: Readonly<Record<string, Schema>> = {
  ServerInfo: object({
    version: string,
    node: string,
    pid: whole,
    startedAt: moment,
    now: moment,
    zone: string,
    actor: string,
    isReadOnly: flag,
    store: object({ kind: { enum: ["sqlite", "postgres"] }, address: string, bytes: count, schema: whole }),
    workers: count,
    hasGuide: flag,
  }),
};
