import { list, object, orNull, type Schema } from "./schema.ts";

const string: Schema = { type: "string" };
const bool: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0 };
const level: Schema = { enum: ["ok", "warn", "bad"] };
const sum = object({ count, bytes: count });
const open: Schema = { type: "object", additionalProperties: true };

/** Schemas of the responses of doctor, sizes, erase and export. */
export const careComponents: Readonly<Record<string, Schema>> = {
  DoctorReport: object({
    level,
    findings: list(
      object({
        level,
        code: string,
        what: string,
        where: list(string, "At most ten; count has the total."),
        count,
        todo: orNull(string),
        repair: orNull(string),
      }),
    ),
    repairs: list(
      object({ repair: string, what: string, count, where: list(string), mended: orNull(count) }),
      "What can be repaired, or was repaired.",
    ),
  }),
  StoreSizes: object({
    bytes: count,
    freeBytes: count,
    walBytes: count,
    definitions: list(
      object({
        definition: string,
        runs: count,
        startedLastDay: count,
        sampled: count,
        isEstimate: bool,
        steps: count,
        inlineBytes: count,
        payloadBytes: count,
        fileBytes: count,
        logLines: count,
        logBytes: count,
        bytes: count,
        grownLastDay: count,
      }),
    ),
    events: object({ count, bytes: count, isEstimate: bool }),
    artifacts: sum,
    files: sum,
  }),
  Workers: object({
    items: list(
      object({
        name: string,
        version: orNull(string),
        slots: orNull(count),
        held: count,
        queues: orNull(list(string)),
        startedAt: string,
        seenAt: string,
        isAlive: bool,
      }),
    ),
  }),
  Erasure: object({
    ids: list(string),
    runs: count,
    events: count,
    files: count,
    isDryRun: bool,
    isScrubbed: bool,
    isRewritten: bool,
  }),
  RunFixture: {
    type: "object",
    description: "A run as written by baton export. The format has a version; newer versions are refused.",
    properties: {
      format: { const: "baton-run" },
      formatVersion: count,
      exportedAt: string,
      definition: open,
      run: open,
      entries: list(open),
      attempts: list(open),
      waits: list(open),
      children: list(open),
    },
    required: [
      "format",
      "formatVersion",
      "exportedAt",
      "definition",
      "run",
      "entries",
      "attempts",
      "waits",
      "children",
    ],
    additionalProperties: false,
  },
};
