import type { RunStatus } from "./status.ts";

/** Something that happened to what a business key stands for. */
export interface KeyEntry {
  readonly at: string;
  readonly kind: "started" | "ended" | "event" | "act" | "note";
  readonly run: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly actor: string | null;
  /** Such as the verb with its reason, the event's name, the error's message. */
  readonly text: string | null;
}

/** `GET /api/keys/{key}`: one timeline over all runs of a business key, newest run first; a page is of runs. */
export interface KeyTimeline {
  readonly key: string;
  readonly entries: readonly KeyEntry[];
  readonly nextPageToken: string | null;
}
