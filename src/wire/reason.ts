import type { RunStatus } from "./status.ts";

/** Explains the status of a run for programs; `reasonText` is the same for people. Times are RFC 3339 UTC. */
export type Reason =
  | { readonly code: "queued" }
  | { readonly code: "scheduled"; readonly until: string }
  | {
      readonly code: "no-worker";
      readonly definition: string;
      readonly version: number;
      /** Why the reporting process cannot run it. */
      readonly detail?: string;
    }
  | { readonly code: "running"; readonly worker: string | null }
  | { readonly code: "timer"; readonly step: string; readonly until: string | null }
  | {
      readonly code: "event";
      readonly step: string;
      readonly name: string;
      readonly match: unknown;
      readonly since: string;
      readonly until: string | null;
    }
  | { readonly code: "child"; readonly step: string; readonly run: string; readonly since: string }
  | {
      readonly code: "retry";
      readonly step: string;
      readonly attempt: number;
      readonly until: string;
      readonly error: string | null;
    }
  | { readonly code: "several"; readonly reasons: readonly Reason[] }
  | { readonly code: "by-person"; readonly by: string; readonly why: string | null }
  | { readonly code: "exhausted"; readonly step: string; readonly error: string }
  | { readonly code: "unknown-outcome"; readonly step: string }
  | {
      readonly code: "diverged";
      readonly detail: string;
      readonly recorded: readonly string[];
      readonly asked: readonly string[];
    }
  | { readonly code: "error"; readonly step: string | null; readonly error: string }
  | { readonly code: "crash-loop"; readonly deaths: number }
  | { readonly code: "sealed"; readonly step: string | null; readonly error: string }
  | {
      readonly code: "slot";
      readonly key: string;
      readonly limit: number;
      /** Ids of runs that hold a slot, at most ten. */
      readonly holders: readonly string[];
      readonly ahead: number;
      readonly since: string;
    }
  | { readonly code: "compensating"; readonly end: "failed" | "cancelled"; readonly error: string | null }
  | { readonly code: "compensated"; readonly undone: readonly string[]; readonly error: string | null }
  | {
      readonly code: "compensation-failed";
      readonly step: string;
      readonly error: string;
      readonly undone: readonly string[];
      readonly left: readonly string[];
    }
  | { readonly code: "unknown-undo"; readonly step: string }
  | { readonly code: "dismissed"; readonly by: string; readonly why: string | null; readonly error: string }
  /** Imported from another store, with its status there. */
  | { readonly code: "imported"; readonly run: string; readonly status: RunStatus };
