import { graphNodeKinds } from "../../wire/graph.ts";
import { definitionKinds, runStatuses } from "../../wire/status.ts";
import { stepKinds } from "../../wire/step.ts";
import { list, object, orNull, ref, type Schema, timestamp, whole } from "./schema.ts";

const string: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0 };

/** Schemas of the data on the console's pages. */
export const consoleComponents: Readonly<Record<string, Schema>> = {
  ServerInfo: object({
    version: string,
    node: string,
    pid: whole,
    startedAt: timestamp,
    now: timestamp,
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
    { optional: ["name", "status", "key", "id", "fingerprint"], description: "Base URL of a client." },
  ),
  Verdict: object({
    id: { enum: ["workflows", "execution", "freshness"] },
    level: { enum: ["ok", "warn", "bad"] },
    text: string,
    why: orNull(string),
    next: orNull(object({ label: string, target: ref("Target") })),
  }),
  DefinitionDetail: object({
    name: string,
    kind: { enum: definitionKinds },
    versions: list(ref("DefinitionView"), "Newest first."),
    inputSchema: {
      ...orNull({ type: "object", additionalProperties: true }),
      description: "JSON Schema 2020-12; null if the workflow has no schema or cannot export one.",
    },
    onFailure: { enum: ["keep", "compensate", null] },
    queue: orNull(string),
    schedules: list(string, "Ids."),
    recent: ref("RecentRuns"),
  }),
  RecentRuns: object(
    {
      sampled: count,
      completed: count,
      failed: count,
      p50Ms: orNull(count),
      p95Ms: orNull(count),
      steps: list(object({ name: string, count, failed: count, retried: count, p50Ms: count, p95Ms: count })),
    },
    { description: "Of the newest ended runs, at most 200." },
  ),
  KeyEntry: object({
    at: timestamp,
    kind: { enum: ["started", "ended", "event", "act", "note"] },
    run: string,
    name: string,
    status: { enum: runStatuses },
    actor: orNull(string),
    text: orNull(string),
  }),
  KeyTimeline: object({ key: string, entries: list(ref("KeyEntry"), "Newest first."), nextPageToken: orNull(string) }),
  AuditEntry: object({
    at: timestamp,
    actor: string,
    verb: string,
    run: orNull(string),
    schedule: orNull(string),
    why: orNull(string),
  }),
  SavedView: object({ id: string, name: string, query: string, createdBy: string, createdAt: timestamp }),
  Graph: object({
    name: string,
    version: whole,
    nodes: list(ref("GraphNode"), "In source order."),
    edges: list(ref("GraphEdge")),
    width: count,
    height: count,
    stepTotal: {
      ...orNull(whole),
      description: "Number of results that each run records; null if it depends on the run.",
    },
    gaps: list(string, "What could not be read from the source."),
  }),
  GraphNode: object({
    id: string,
    kind: { enum: [...stepKinds, ...graphNodeKinds] },
    label: string,
    step: orNull(string),
    options: orNull(string),
    hasUndo: flag,
    x: { type: "number" },
    y: { type: "number" },
    width: count,
    height: count,
  }),
  GraphEdge: object({
    from: string,
    to: string,
    label: orNull(string),
    points: list(object({ x: { type: "number" }, y: { type: "number" } })),
  }),
  VersionDiff: object({
    name: string,
    a: whole,
    b: whole,
    steps: list(
      object({
        step: string,
        change: { enum: ["same", "added", "removed", "moved", "options"] },
        before: orNull(string),
        after: orNull(string),
      }),
    ),
    isInputChanged: flag,
    source: orNull(object({ a: string, b: string })),
    inFlight: count,
  }),
  Home: object({
    verdicts: list(ref("Verdict")),
    needsYou: object({ deadLetters: count, suspended: count }),
    newErrors: list(ref("DeadLetterGroup"), "First seen in the last 24 hours, newest first."),
    longWaits: list(
      object({ id: string, name: string, key: orNull(string), reasonText: orNull(string), since: timestamp }),
      "Longest first.",
    ),
    hours: list(
      object({ hour: timestamp, started: count, completed: count, failed: count, cancelled: count }),
      "The last 24, oldest first.",
    ),
    runs: { ...count, description: "All runs of any status." },
  }),
};
