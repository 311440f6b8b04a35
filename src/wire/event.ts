import type { Payload } from "./payload.ts";

/** Body of `POST /api/events`; a CloudEvent is taken as well. */
export interface EventBody {
  readonly name: string;
  readonly data?: unknown;
  /** Unique for its source; a repeated one is answered and does nothing. */
  readonly id?: string;
  readonly source?: string;
  /** Its data is sealed before it is written. */
  readonly sensitive?: boolean;
}

/** The answer to an event: it is on disk, with all that it woke and started. */
export interface EventAccepted {
  readonly id: string;
  /** Runs that it woke or started. */
  readonly matched: number;
}

/** An event as it was received. */
export interface EventView {
  /** Its number in the store, as the API names it. */
  readonly no: number;
  readonly id: string;
  readonly source: string;
  readonly name: string;
  readonly data: Payload;
  readonly matched: number;
  /** Definitions whose input schema refused its data, and why. */
  readonly refused: readonly string[];
  readonly receivedAt: string;
}

/** `GET /api/events/{no}`: what it did, and what kept it from doing more. */
export interface EventDetail extends EventView {
  readonly outcome: "matched" | "refused" | "no-match" | "no-listener" | "waiting";
  /** The outcome in a sentence. */
  readonly outcomeText: string;
  /** Runs that it started or woke, at most 20. */
  readonly runs: readonly EventRun[];
  /** Definitions that it starts, as this process knows them. */
  readonly listeners: readonly string[];
  /** Runs that wait for an event of this name now, at most 20; `waiting` in all. */
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
  /** Paths of the data that differ, with what was wanted and what came; empty: it would match. */
  readonly differs: readonly { readonly path: string; readonly wanted: unknown; readonly got: unknown }[];
}
