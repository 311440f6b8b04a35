import { bulkStatuses, bulkVerbs } from "../../wire/bulk.ts";
import { attemptStatuses, definitionKinds, runStatuses, stepStatuses } from "../../wire/status.ts";
import { stepKinds } from "../../wire/step.ts";
import { verbs } from "../../wire/verb.ts";
import { careComponents } from "./care-components.ts";
import { consoleComponents } from "./console-components.ts";
import { anything, list, moment, object, orNull, ref, type Schema, text, whole } from "./schema.ts";

const string: Schema = { type: "string" };
const count: Schema = { type: "integer", minimum: 0 };
const attributes: Schema = { type: "object", additionalProperties: true };
const payload: Schema = { description: "Any JSON value, or a Truncated if it exceeds 32 KiB." };

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
  startedBy: object(
    {
      by: string,
      event: string,
      rerunOf: string,
      continues: string,
      schedule: string,
      nominalAt: moment,
      importedFrom: string,
    },
    { optional: ["event", "rerunOf", "continues", "schedule", "nominalAt", "importedFrom"] },
  ),
  round: count,
  error: orNull(ref("RunError")),
  fingerprint: orNull(string),
  stepsDone: count,
  createdAt: moment,
  endedAt: orNull(moment),
  continuedAs: orNull(string),
} satisfies Record<string, Schema>;

const event = {
  no: count,
  id: string,
  source: string,
  name: string,
  data: payload,
  matched: count,
  refused: list(string),
  receivedAt: moment,
} satisfies Record<string, Schema>;

const flag: Schema = { type: "boolean" };

const schedule = {
  id: string,
  workflow: string,
  name: string,
  timing: object(
    {
      by: { enum: ["cron", "every", "at"] },
      cron: string,
      zone: string,
      gap: { enum: ["next-valid", "skip"] },
      repeated: { enum: ["once", "twice"] },
      everyMs: count,
      from: moment,
      at: moment,
    },
    { optional: ["cron", "zone", "gap", "repeated", "everyMs", "from", "at"] },
  ),
  text: string,
  overlap: { enum: ["allow", "skip", "buffer-one", "cancel-other"] },
  catchUpMs: count,
  jitterMs: count,
  isPaused: flag,
  pausedBy: orNull(string),
  pausedWhy: orNull(string),
  pausedAt: orNull(moment),
  next: list(object({ at: moment, local: string, isMoved: flag }), "Computed as if the schedule were not paused."),
  buffered: orNull(moment),
  lastFire: orNull(ref("FireView")),
  lastGap: orNull(ref("FireGapView")),
  isLoaded: flag,
  createdAt: moment,
} satisfies Record<string, Schema>;

/** The types of `src/wire` as schemas; the API's tests check every answer against them. */
export const components: Readonly<Record<string, Schema>> = {
  Truncated: object(
    { truncated: { const: true }, bytes: count, href: string },
    { description: "Replaces a large value; GET href returns all of it." },
  ),
  Reason: {
    type: "object",
    description: "Explains the status of a run. The other fields depend on the code.",
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
          "sealed",
          "slot",
          "compensating",
          "compensated",
          "compensation-failed",
          "unknown-undo",
          "dismissed",
          "imported",
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
    steps: list(ref("Step"), "The first 200; GET /api/runs/{id}/steps lists all."),
    stepCount: count,
    waits: list(ref("RunWait")),
    children: list(object({ id: string, step: string, status: { enum: runStatuses } })),
    verbs: list({ enum: verbs }, "Recovery actions that the run accepts in its current status."),
    busyMs: count,
    idle: list(
      object({ from: moment, to: orNull(moment) }),
      "Periods longer than a minute, oldest first; the last one may still be open.",
    ),
    liveVersion: orNull(whole),
  }),
  RunWait: object({
    step: string,
    kind: { enum: ["timer", "event", "child", "retry", "once", "hold"] },
    since: moment,
    until: orNull(moment),
    name: orNull(string),
    match: anything,
  }),
  MatchCount: object({ count, isExact: { type: "boolean", description: "False if there are more." } }),
  Facets: object({
    items: list(object({ status: { enum: runStatuses }, count, isExact: { type: "boolean" } })),
  }),
  HourCount: object({
    name: string,
    version: whole,
    status: { enum: ["started", "completed", "failed", "cancelled"] },
    hour: moment,
    count,
  }),
  RunResult: object({ id: string, status: { enum: runStatuses }, output: payload, error: orNull(ref("RunError")) }),
  Step: object(
    {
      name: string,
      key: string,
      kind: { enum: stepKinds },
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
    undone: list(string, "Completed steps that are compensated if they declare how, newest first."),
    notIdempotent: list(string, "Steps that run again and are not safe to repeat."),
  }),
  BulkPreview: object({ dryRun: { const: true }, verb: { enum: bulkVerbs }, total: count, sample: list(string) }),
  Bulk: object({
    id: string,
    verb: { enum: bulkVerbs },
    filter: object(
      {
        fingerprint: string,
        name: string,
        status: { enum: runStatuses },
        key: string,
        createdFrom: moment,
        createdTo: moment,
      },
      { optional: ["fingerprint", "name", "status", "key", "createdFrom", "createdTo"] },
    ),
    canary: list(whole),
    rate: orNull({ type: "number" }),
    status: { enum: bulkStatuses },
    canaryStage: orNull(whole),
    total: count,
    done: count,
    refused: count,
    left: count,
    detail: orNull(string),
    startedBy: string,
    reason: orNull(string),
    createdAt: moment,
    endedAt: orNull(moment),
  }),
  HistoryEntry: object({ at: moment, kind: string, actor: orNull(string), detail: anything }),
  LogEntry: object({ at: moment, level: string, step: orNull(string), message: string, data: anything }),
  EventAccepted: object({ id: string, matched: count }),
  EventView: object(event),
  EventDetail: object({
    ...event,
    outcome: { enum: ["matched", "refused", "no-match", "no-listener", "waiting"] },
    outcomeText: string,
    runs: list(object({ id: string, name: string, how: { enum: ["started", "woke"] } }), "At most 20."),
    listeners: list(string, "Definitions that this event starts, among those loaded by this process."),
    waits: list(
      object({
        run: string,
        name: string,
        step: string,
        match: anything,
        differs: list(object({ path: string, wanted: anything, got: anything }), "Empty if it would match."),
      }),
      "Runs that are waiting for an event of this name now, at most 20.",
    ),
    waiting: count,
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
    versions: list(whole),
    hours: list(count, "Last 24 hours, oldest first."),
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
    fingerprint: orNull(string),
    file: orNull(string),
    createdAt: orNull(moment),
    isUsed: { type: "boolean", description: "Used for new runs." },
    isDrained: { type: "boolean" },
    isRetired: { type: "boolean" },
    unloadable: { ...orNull(string), description: "Why this process could not load it; null if it is loaded." },
    runs: { type: "object", additionalProperties: count, description: "Exact counts by status." },
  }),
  Deployment: object({
    items: list(
      object({
        name: string,
        version: whole,
        kind: { enum: definitionKinds },
        fingerprint: string,
        isNew: { type: "boolean" },
      }),
    ),
    problems: list(ref("DefinitionProblem")),
  }),
  DefinitionProblem: object({ file: string, line: orNull(whole), message: string }),
  MovedRuns: object({
    name: string,
    from: whole,
    to: whole,
    dryRun: { type: "boolean" },
    movedCount: count,
    leftCount: count,
    moved: list(string, "Ids, the first 1,000."),
    left: list(
      object(
        { run: string, reason: string, recorded: list(string), asked: list(string) },
        { optional: ["recorded", "asked"] },
      ),
      "Runs that were not moved, the first 1,000, with the step keys where the history differs from the code.",
    ),
  }),
  Definitions: object({
    items: list(ref("DefinitionView")),
    loadedFrom: string,
    problems: list(ref("DefinitionProblem")),
  }),
  FireView: object({
    nominalAt: moment,
    outcome: { enum: ["fired", "skipped", "buffered", "refused"] },
    run: orNull(string),
    why: orNull(string),
    decidedAt: moment,
  }),
  FireGapView: object(
    { cause: { enum: ["missed", "paused"] }, from: moment, through: moment, count },
    { description: "Consecutive scheduled times that started nothing." },
  ),
  ScheduleSummary: object(schedule),
  ScheduleDetail: object({ ...schedule, fires: list(ref("FireView")), gaps: list(ref("FireGapView")) }),
  Backfill: object({
    schedule: string,
    dryRun: flag,
    items: list(
      object({ nominalAt: moment, local: string, run: orNull(string), isNew: flag, refusal: orNull(string) }),
    ),
  }),
  ...careComponents,
  Guide: object({
    title: string,
    intro: string,
    steps: list(
      object({
        id: string,
        title: string,
        text: string,
        isDone: flag,
        acts: list(
          object({
            id: string,
            label: string,
            blocked: orNull({ ...string, description: "Why it is not possible now." }),
          }),
        ),
        run: orNull(string),
      }),
    ),
  }),
  GuideActed: object({ text: string, run: orNull(string) }),
  ...consoleComponents,
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
    { optional: ["errors", "details"], description: "RFC 9457. The body of every error response." },
  ),
  StartBody: object(
    {
      name: text(200, "Name of the workflow."),
      input: anything,
      key: text(512, "Replaces the definition's business key."),
      idempotencyKey: text(512, "Starting again with the same key and input returns the existing run."),
      at: { ...moment, description: "Start no earlier than this time." },
      after: {
        anyOf: [
          { type: "string", format: "duration" },
          { type: "integer", minimum: 0 },
        ],
        description: 'Start after this delay: milliseconds, "90s", "1h30m", "2d" or "PT8H".',
      },
      priority: {
        type: "number",
        minimum: -600,
        maximum: 600,
        description: "Seconds by which it is placed ahead of runs queued earlier; a negative number places it behind.",
      },
      attributes,
    },
    { optional: ["input", "key", "idempotencyKey", "at", "after", "priority", "attributes"] },
  ),
  EventBody: object(
    {
      name: text(200),
      data: anything,
      id: text(512, "Unique per source; a duplicate is acknowledged and ignored."),
      source: text(200),
      sensitive: { type: "boolean", description: "The data is encrypted at rest and masked in responses." },
    },
    { optional: ["data", "id", "source", "sensitive"] },
  ),
};
