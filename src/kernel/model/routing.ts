import type { Audit } from "./audit.ts";
import type { StartRun } from "./start-run.ts";

/**
 * One try to evaluate what an event starts. The number rises with each try of the event. Number and worker together are
 * the fence of the try: its result is accepted only from the worker that holds it.
 */
export interface RoutingTry {
  readonly number: number;
  /** The worker's incarnation. */
  readonly worker: number;
}

/** The starts of an event that was stored before a process could route it. */
export interface RouteEvent {
  readonly kind: "route";
  readonly event: number;
  /** The try whose result this is. Without one, no code of an author has run for it, and the event has no tries. */
  readonly try?: RoutingTry;
  readonly starts: readonly StartRun[];
  readonly refused: readonly string[];
}

/**
 * Begins a try, before any code of an author runs for the event. Refused as stale if a live worker holds another try of
 * it. If the event has no tries left, it is held instead.
 */
export interface TryEvent {
  readonly kind: "try-event";
  readonly event: number;
  readonly worker: number;
  /** Tries that the event had when the worker read it. */
  readonly seen: number;
}

/** Ends a try without a result: its process ended, or it took too long. After the last one the event is held. */
export interface EndTry {
  readonly kind: "end-try";
  readonly event: number;
  readonly try: RoutingTry;
  /** What happened, for people. */
  readonly why: string;
}

/** Routes a held event again, on a person's request. Its next tries run alone. */
export interface RetryEvent {
  readonly kind: "retry-event";
  readonly event: number;
  readonly audit: Audit;
}

export type RoutingTransition = TryEvent | EndTry | RetryEvent;

export type RoutingOutcome =
  | { readonly ok: true; readonly at: number; readonly routing: "trying"; readonly try: RoutingTry }
  | { readonly ok: true; readonly at: number; readonly routing: "waiting" | "held" }
  | { readonly ok: false; readonly why: "stale" };
