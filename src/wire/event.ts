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
  readonly id: string;
  readonly source: string;
  readonly name: string;
  readonly data: Payload;
  readonly matched: number;
  /** Definitions whose input schema refused its data, and why. */
  readonly refused: readonly string[];
  readonly receivedAt: string;
}
