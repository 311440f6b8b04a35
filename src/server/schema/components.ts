import { attemptStatuses, definitionKinds, runStatuses, stepStatuses } from "../../wire/status.ts";
import { verbs } from "../../wire/verb.ts";
import { anything, list, moment, object, orNull, ref, type Schema, text, whole } from "./schema.ts";

const string: Schema = { type: "string" };
const count: Schema = { type: "integer", minimum: 0 };
const attributes: Schema = { type: "object", additionalProperties: true };
const payload: Schema = { description: "Any JSON value, or a Truncated where it has more than 32 KiB." };

/** A page of `items`. */
export function pageOf(item: string): Schema {
  return object({ items: list(ref(item)), nextPageToken: orNull(string) });
}

const summary = {
  id: string,
  name: string,
  version: whole,
  kind: { enum: definitionKinds },
  status: { enum: runStatuses },
  reason: orNull(ref("Reason")),
  reasonText: orNull(string),
  key: orNull(string),
  attributes: orNull(attributes),
  parentId: orNull(string),
  startedBy: object({ by: string, event: string, rerunOf: string }, { optional: ["event", "rerunOf"] }),
  round: count,
  error: orNull(ref("RunError")),
  fingerprint: orNull(string),
  createdAt: moment,
  endedAt: orNull(moment),
} satisfies Record<string, Schema>;

/** The types of `src/wire` as schemas; the API's tests check every answer against them. */
export const components: Readonly<Record<string, Schema>> = {
  Truncated: object(
    { truncated: { const: true }, bytes: count, href: string },
    { description: "Stands for a large value; GET href gives the whole of it." },
  ),
  Reason: {
    type: "object",
    description: "Why a run stands where it stands. The other fields depend on the code.",
    properties: {
      code: {
        enum: [
          "queued",
          "scheduled",
          "no-worker",
          "running",
          "timer",
          "event",
          "child",
          "retry",
          "several",
          "by-person",
          "exhausted",
          "unknown-outcome",
          "diverged",
          "error",
          "crash-loop",
        ],
      },
    },
    required: ["code"],
    additionalProperties: true,
  },
  RunError: object(
    {
      name: string,
      message: string,
      code: string,
      step: string,
      stack: string,
      details: anything,
      cause: ref("RunError"),
    },
    { optional: ["code", "step", "stack", "details", "cause"] },
  ),
  RunSummary: object(summary),
  RunDetail: object({
    ...summary,
    input: payload,
    output: payload,
    steps: list(ref("Step"), "The first 200; GET /api/runs/{id}/steps has all."),
    stepCount: count,
    waits: list(ref("RunWait")),
    children: list(object({ id: string, step: string, status: { enum: runStatuses } })),
    verbs: list({ enum: verbs }, "What may be asked of the run as it stands."),
  }),
  RunWait: object({
    step: string,
    kind: { enum: ["timer", "event", "child", "retry", "once", "hold"] },
    since: moment,
    until: orNull(moment),
    name: orNull(string),
    match: anything,
  }),
  RunResult: object({ id: string, status: { enum: runStatuses }, output: payload, error: orNull(ref("RunError")) }),
  Step: object(
    {
      name: string,
      key: string,
      kind: { enum: ["step", "once", "tx", "sleep", "event", "child", "start", "emit", "race", "attributes"] },
      status: { enum: stepStatuses },
      input: payload,
      output: payload,
      error: orNull(ref("RunError")),
      attempts: list(ref("Attempt")),
      startedAt: orNull(moment),
      endedAt: orNull(moment),
      progress: object({ share: orNull({ type: "number" }), note: orNull(string) }),
    },
    { optional: ["progress"] },
  ),
  Attempt: object({
    number: count,
    round: count,
    status: { enum: attemptStatuses },
    startedAt: moment,
    endedAt: orNull(moment),
    error: orNull(ref("RunError")),
  }),
  VerbPreview: object({
    dryRun: { const: true },
    run: string,
    verb: { enum: verbs },
    status: { enum: runStatuses },
    runsAgain: list(string),
    kept: list(string),
  }),
  HistoryEntry: object({ at: moment, kind: string, actor: orNull(string), detail: anything }),
  LogEntry: object({ at: moment, level: string, step: orNull(string), message: string, data: anything }),
  EventAccepted: object({ id: string, matched: count }),
  EventView: object({
    id: string,
    source: string,
    name: string,
    data: payload,
    matched: count,
    refused: list(string),
    receivedAt: moment,
  }),
  DeadLetterGroup: object({
    fingerprint: string,
    name: string,
    step: orNull(string),
    message: string,
    count,
    firstAt: moment,
    lastAt: moment,
    sample: string,
  }),
  RunCount: object({
    name: string,
    version: whole,
    kind: { enum: definitionKinds },
    status: { enum: runStatuses },
    count,
  }),
  Counts: object({ items: list(ref("RunCount")) }),
  DefinitionView: object({
    name: string,
    version: whole,
    kind: { enum: definitionKinds },
    isLoaded: { type: "boolean" },
    triggers: list(string),
  }),
  Definitions: object({
    items: list(ref("DefinitionView")),
    loadedFrom: string,
    problems: list(object({ file: string, line: orNull(whole), message: string })),
  }),
  Health: object({ status: { const: "ok" }, pid: whole }),
  Problem: object(
    {
      type: string,
      title: string,
      status: whole,
      detail: string,
      code: string,
      hint: orNull(string),
      instance: string,
      errors: list(object({ path: string, message: string })),
      details: { type: "object", additionalProperties: true },
    },
    { optional: ["errors", "details"], description: "RFC 9457, of every answer that is an error." },
  ),
  StartBody: object(
    {
      name: text(200, "Of the definition."),
      input: anything,
      key: text(512, "Replaces the definition's business key."),
      idempotencyKey: text(512, "The same key with the same input answers the run that it started."),
      at: { ...moment, description: "Not before this moment." },
      after: {
        anyOf: [
          { type: "string", format: "duration" },
          { type: "integer", minimum: 0 },
        ],
        description: 'Not before this long from now: milliseconds, "90s", "1h30m", "2d" or "PT8H".',
      },
      priority: {
        type: "number",
        minimum: -600,
        maximum: 600,
        description: "Seconds by which it goes before others; negative lets others pass.",
      },
      attributes,
    },
    { optional: ["input", "key", "idempotencyKey", "at", "after", "priority", "attributes"] },
  ),
  EventBody: object(
    {
      name: text(200),
      data: anything,
      id: text(512, "Unique for its source; a repeated one is answered and does nothing."),
      source: text(200),
    },
    { optional: ["data", "id", "source"] },
  ),
};
