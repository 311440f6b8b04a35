import type { RunStatus } from "./status.ts";

/** An entry in the timeline of a business key. */
export interface KeyEntry {
  readonly at: string;
  readonly kind: "started" | "ended" | "event" | "act" | "note";
  readonly run: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly actor: string | null;
  /** For example an action with its reason, the name of an event, or an error message. */
  readonly text: string | null;
}

/** `GET /api/keys/{key}`: the timeline of all runs of a business key, newest run first. Pages count runs. */
export interface KeyTimeline {
  readonly key: string;
  readonly entries: readonly KeyEntry[];
  readonly nextPageToken: string | null;
}
