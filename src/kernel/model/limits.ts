/**
 * Every default and limit of the core. Times are milliseconds, sizes bytes. An operation that would exceed a limit
 * fails with a `limit` error and writes nothing.
 */
export const defaults = {
  /** One input, output, event or error detail. A workflow can raise it up to `payloadHardMax`. */
  payloadMax: 1024 * 1024,
  payloadHardMax: 16 * 1024 * 1024,
  /** Text of an error with its stack: an upstream system once answered 10 MB and broke the search of a console. */
  errorMax: 64 * 1024,
  /** Recorded steps of one run. */
  stepsMax: 10_000,
  /** From here on, a warning is logged that the limit is near. */
  stepsWarnAt: 5_000,
  keyMax: 512,
  nameMax: 200,
  /** Log lines that a run keeps from one wake-up to the next; further lines are dropped. */
  logLinesMax: 1_000,
  logBytesMax: 256 * 1024,
  startManyMax: 10_000,
  retry: { attempts: 3, backoff: "exponential", firstMs: 1_000, maxMs: 60_000, jitter: 0.2 },
  /** A worker that has not renewed its lease for this long counts as dead. */
  leaseMs: 3_000,
  beatMs: 1_000,
  /** Interval of the poll for ready work. Hints only save time. */
  pollMs: 1_000,
  /** Runs that one worker holds in memory at once. */
  heldMax: 1_000,
  leaseBatch: 500,
  /** A run whose next timer is due sooner than this stays in memory instead of being parked. */
  keepMs: 1_000,
  /**
   * A parked run with a history of at least this many operations stays in the memory of its worker, so that a loop that
   * polls does not replay all earlier rounds in each round.
   */
  warmFrom: 50,
  /** Operations of all such runs of a worker together. The runs that were parked longest ago are dropped first. */
  warmMax: 100_000,
  /** An attempt is shown as running after this long; shorter ones never cost a row. */
  showAfterMs: 200,
  /** Log lines of a running step are stored after this long, so that they survive a crash of its process. */
  logFlushMs: 500,
  shutdownGraceMs: 10_000,
  cancelGraceMs: 2_000,
  /**
   * Process crashes that may be counted against a run; with one more it becomes a dead letter with code `crash-loop`.
   */
  crashMax: 3,
  routing: {
    /**
     * Tries of an event whose input schema, key or limits end or block their process. After the last one the event is
     * held.
     */
    triesMax: 3,
    /** Time limit of one try. Slower code counts as blocked. */
    limitMs: 10_000,
    /** How long a process that runs tries alone may take to load its definitions. */
    loadMs: 30_000,
    /** An idle process for tries ends after this long. */
    idleMs: 5_000,
    /** An event with tries waits this long for a process that has its workflow. Then it is routed without it. */
    orphanMs: 3_600_000,
  },
  retention: {
    completedMs: 30 * 86_400_000,
    failedMs: 90 * 86_400_000,
    eventMs: 7 * 86_400_000,
    keyMs: 7 * 86_400_000,
  },
  sweepMs: 60_000,
  sweepBatch: 1_000,
  /** Runs of one bulk operation, and how many of them are processed at once. */
  bulkMax: 100_000,
  bulkLot: 100,
  matchShapesMax: 8,
  /** The most that a priority moves a run forward in the queue, so that no run starves. */
  priorityShiftMaxMs: 600_000,
  schedule: {
    /**
     * Long enough for a deploy, a reboot or a move to another machine; short enough that starting Baton on Monday does
     * not start what was meant for Saturday night.
     */
    catchUpMs: 3_600_000,
    jitterMaxMs: 86_400_000,
    everyMinMs: 1_000,
    /**
     * Interval of the poll for a scheduled time that waits for the previous run, in addition to the notification of its
     * end.
     */
    bufferPollMs: 5_000,
    /** Runs that one backfill starts: all start at once, in one transaction. */
    backfillMax: 500,
    /** Schedules of one definition. */
    countMax: 50,
  },
  /** Due timers that one query reads; the next query reads the next ones. */
  timerBatch: 100,
  queueMax: 10_000,
  /**
   * Transitions in one commit. Larger batches save fsyncs, but then all runs wait for one batch and one thread for the
   * other.
   */
  batchMax: 250,
  inlineMax: 4 * 1024,
  /** Larger values are stored in files next to the store, the same bytes once. */
  offloadOver: 256 * 1024,
  /** How long an unreferenced file is kept: a backup or an open transaction may still need it. */
  fileGraceMs: 3_600_000,
  /** Up to this size the file is rewritten after an erasure, which takes a fraction of a second while all runs wait. */
  eraseVacuumMax: 64 * 1024 * 1024,
  pageMax: 200,
  /** Rows of one exported file: already more than a spreadsheet handles well. */
  exportMax: 100_000,
  exportPage: 500,
  /** Saved views of a store: few enough for a readable menu. */
  viewsMax: 100,
} as const;
