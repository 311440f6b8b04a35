import { runStatuses } from "../../wire/status.ts";
import { list, moment, object, orNull, ref, type Schema, whole } from "./schema.ts";

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
  Target: object(
    {
      to: {
        enum: ["runs", "run", "error", "dead-letters", "workflows", "schedules", "events", "workers", "store"],
      },
      name: string,
      status: { enum: runStatuses },
      key: string,
      id: string,
      fingerprint: string,
    },
    { optional: ["name", "status", "key", "id", "fingerprint"], description: "Where a client leads to." },
  ),
  Verdict: object({
    id: { enum: ["workflows", "execution", "freshness"] },
    level: { enum: ["ok", "warn", "bad"] },
    text: string,
    why: orNull(string),
    next: orNull(object({ label: string, target: ref("Target") })),
  }),
  Home: object({
    verdicts: list(ref("Verdict")),
    needsYou: object({ deadLetters: count, suspended: count }),
    newErrors: list(ref("DeadLetterGroup"), "First seen in the last 24 hours, newest first."),
    longWaits: list(
      object({ id: string, name: string, key: orNull(string), reasonText: orNull(string), since: moment }),
      "Longest first.",
    ),
    hours: list(
      object({ hour: moment, started: count, completed: count, failed: count, cancelled: count }),
      "The last 24, oldest first.",
    ),
    runs: { ...count, description: "Of any status, ever." },
  }),
};
