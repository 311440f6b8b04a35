import type { Payload } from "./payload.ts";

/** Body of `POST /api/events`; a CloudEvent is accepted too. */
export interface EventBody {
  readonly name: string;
  readonly data?: unknown;
  /** Unique per source; a duplicate is acknowledged and ignored. */
  readonly id?: string;
  readonly source?: string;
  /** The data is encrypted at rest. */
  readonly sensitive?: boolean;
}

/** The response to an event. The event and all runs that it started or resumed are durable. */
export interface EventAccepted {
  readonly id: string;
  /** Number of runs that it started or resumed. */
  readonly matched: number;
}

/** Body of `POST /api/events/{no}/retry`. */
export interface EventRetryBody {
  /** Written to the audit log. */
  readonly reason?: string;
}

/** A received event. */
export interface EventView {
  /** Its number in the store, used as its id in the API. */
  readonly no: number;
  readonly id: string;
  readonly source: string;
  readonly name: string;
  readonly data: Payload;
  readonly matched: number;
  /** Workflows whose input schema refused the data, with the reason. */
  readonly refused: readonly string[];
  /** Runs that existed already and that the event's starts were batched into. */
  readonly joined: readonly { readonly name: string; readonly run: string }[];
  /** `held`: its routing tries had no result, and it starts nothing until a person routes it again. */
  readonly routing: "routed" | "waiting" | "held";
  /** Times that its evaluation began: input schemas, keys and limits of the workflows that it starts. */
  readonly tries: number;
  /** How the last try without a result ended. */
  readonly tryError: string | null;
  readonly receivedAt: string;
}

/** `GET /api/events/{no}`: the event with its effects, and why it had no others. */
export interface EventDetail extends EventView {
  readonly outcome: "dead" | "matched" | "batched" | "refused" | "no-match" | "no-listener" | "waiting";
  /** The outcome in a sentence. */
  readonly outcomeText: string;
  /** Runs that it started or resumed, at most 20. */
  readonly runs: readonly EventRun[];
  /** Workflows that it starts, among those loaded by this process. */
  readonly listeners: readonly string[];
  /** Runs that are waiting for an event of this name now, at most 20; `waiting` is the total. */
  readonly waits: readonly EventWait[];
  readonly waiting: number;
}

export interface EventRun {
  readonly id: string;
  readonly name: string;
  readonly how: "started" | "woke";
}

export interface EventWait {
  readonly run: string;
  readonly name: string;
  readonly step: string;
  readonly match: unknown;
  /** Paths that differ, with the expected and the received value. Empty if it would match. */
  readonly differs: readonly { readonly path: string; readonly wanted: unknown; readonly got: unknown }[];
}
