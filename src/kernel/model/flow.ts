/**
 * The limits that a definition puts on the start and course of its runs. Keys are complete: they include what they
 * count by, such as the definition's name. Times in ms.
 */
export interface Flow {
  /** Sorted by key, so that all runs take several slots in the same order. */
  readonly slots?: readonly SlotNeed[];
  /** At most `limit` starts in any period of `perMs`; starts above the limit are refused. */
  readonly rate?: RateNeed;
  /** The same, but starts above the limit are delayed. */
  readonly throttle?: RateNeed;
  /** Starts that follow each other closely become one, with the last input. */
  readonly debounce?: { readonly key: string; readonly waitMs: number; readonly maxMs: number };
  /** Starts are batched into one run with all their inputs. */
  readonly batch?: {
    readonly key: string;
    readonly size: number;
    readonly waitMs: number;
    /** Maximum bytes of a batch's input. */
    readonly bytesMax: number;
  };
  readonly singleton?: { readonly key: string; readonly mode: "skip" | "replace" };
  readonly deadlineMs?: number;
  /** How long runs of this definition are kept. Overrides the store's retention. */
  readonly keep?: Keep;
}

/** How long ended runs are kept. Default for cancelled ones: as long as completed ones. */
export interface Keep {
  readonly completedMs?: number;
  readonly failedMs?: number;
  readonly cancelledMs?: number;
}

/** A slot that a run needs while it works. */
export interface SlotNeed {
  readonly key: string;
  readonly limit: number;
  /** Kept while the run waits for something. */
  readonly isKept: boolean;
}

export interface RateNeed {
  readonly key: string;
  readonly limit: number;
  readonly perMs: number;
}

/** The part of a flow that is stored with the run. */
export interface RunFlow extends Pick<Flow, "slots" | "deadlineMs"> {
  /** The place of a delayed start in its throttle. It is given back if the run is cancelled before that time. */
  readonly throttle?: { readonly key: string; readonly at: number };
  /** The singleton that it was started as: while another run holds the key, it cannot be set going again. */
  readonly singleton?: { readonly key: string };
  /** For a run that was suspended before its start time: that time. */
  readonly notBefore?: number;
}
