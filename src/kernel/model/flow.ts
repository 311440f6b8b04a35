/**
 * What a definition asks of the start and course of its runs. Keys are whole: they carry what they are counted by, such
 * as the definition's name. Times in ms.
 */
export interface Flow {
  /** Sorted by key: whoever takes several takes them in one order. */
  readonly slots?: readonly SlotNeed[];
  /** At most so many starts in any such length of time; what is above is refused. */
  readonly rate?: RateNeed;
  /** The same, but what is above comes later. */
  readonly throttle?: RateNeed;
  /** Starts that follow each other closely become one, with the last input. */
  readonly debounce?: { readonly key: string; readonly waitMs: number; readonly maxMs: number };
  /** Starts are gathered into one run with all their inputs. */
  readonly batch?: {
    readonly key: string;
    readonly size: number;
    readonly waitMs: number;
    /** Bytes that a batch's input may have. */
    readonly bytesMax: number;
  };
  readonly singleton?: { readonly key: string; readonly mode: "skip" | "replace" };
  readonly deadlineMs?: number;
  /** How long runs of this definition are kept, where that differs from the store's own retention. */
  readonly keep?: Keep;
}

/** How long runs at rest are kept. Cancelled ones as long as completed ones, unless said otherwise. */
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

/** What of it stays with the run. */
export interface RunFlow extends Pick<Flow, "slots" | "deadlineMs"> {
  /** Of a run that was suspended before its time: when that is. */
  readonly notBefore?: number;
}
