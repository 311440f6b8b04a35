/**
 * Every default and limit of the core, in one place. Times are milliseconds, sizes bytes. An operation that would
 * exceed a limit fails with a `limit` error and writes nothing.
 */
export const defaults = {
  /** One input, output, event or error detail. Raised per workflow up to `payloadHardMax`. */
  payloadMax: 1024 * 1024,
  payloadHardMax: 16 * 1024 * 1024,
  /** Text of an error with its stack: an upstream once answered 10 MB and broke the search of a console. */
  errorMax: 64 * 1024,
  /** Recorded steps of one run. */
  stepsMax: 10_000,
  /** From here on it is told that they will not last. */
  stepsWarnAt: 5_000,
  keyMax: 512,
  nameMax: 200,
  /** Log lines that a run keeps from one wake-up to the next; what is more is not kept. */
  logLinesMax: 1_000,
  logBytesMax: 256 * 1024,
  startManyMax: 10_000,
  retry: { attempts: 3, backoff: "exponential", firstMs: 1_000, maxMs: 60_000, jitter: 0.2 },
  /** A worker that has not renewed for this long is dead for everybody. */
  leaseMs: 3_000,
  beatMs: 1_000,
  /** Looks for ready work even when no hint came: hints only save time. */
  pollMs: 1_000,
  /** Runs held in memory by one worker at once. */
  heldMax: 1_000,
  leaseBatch: 500,
  /** A run whose next timer is nearer than this stays in memory instead of being parked. */
  keepMs: 1_000,
  /** After this long an attempt is shown as running; shorter ones never cost a row. */
  showAfterMs: 200,
  shutdownGraceMs: 10_000,
  cancelGraceMs: 2_000,
  /** Deaths of the process that a run may be charged with; with one more it is a dead letter with code `crash-loop`. */
  crashMax: 3,
  retention: {
    completedMs: 30 * 86_400_000,
    failedMs: 90 * 86_400_000,
    eventMs: 7 * 86_400_000,
    keyMs: 7 * 86_400_000,
  },
  sweepMs: 60_000,
  sweepBatch: 1_000,
  /** Runs of one bulk act, and how many of them go at once. */
  bulkMax: 100_000,
  bulkLot: 100,
  matchShapesMax: 8,
  /** The furthest that a priority moves a run forward in the queue, so that nobody starves. */
  priorityShiftMaxMs: 600_000,
  schedule: {
    /**
     * Long enough for a deploy, a reboot or a machine that moves; short enough that whoever starts Baton on Monday does
     * not set off what was meant for Saturday night.
     */
    catchUpMs: 3_600_000,
    jitterMaxMs: 86_400_000,
    everyMinMs: 1_000,
    /** A nominal time that waits for the previous run is looked at so often, beside the end that is told. */
    bufferPollMs: 5_000,
    /** Runs that one backfill starts: each is a run at once, and all of them are one transaction. */
    backfillMax: 500,
    /** Of one definition. */
    countMax: 50,
  },
  /** Due timers that one look takes; the next look takes the next. */
  timerBatch: 100,
  queueMax: 10_000,
  /** Transitions of one commit. Larger ones save fsyncs, but then all runs wait for one batch and one thread for the other. */
  batchMax: 250,
  inlineMax: 4 * 1024,
  /** Larger values lie in files beside the store, the same bytes once. */
  offloadOver: 256 * 1024,
  /** A file that nobody refers to stays this long: a backup or a transaction under way may still want it. */
  fileGraceMs: 3_600_000,
  /** Up to so many bytes the file is written anew after an erasure: a fraction of a second, for which all runs wait. */
  eraseVacuumMax: 64 * 1024 * 1024,
  pageMax: 200,
  /** Rows of one exported file: more than a spreadsheet is comfortable with. */
  exportMax: 100_000,
  exportPage: 500,
  /** Saved views of a store: a menu that a person can still read. */
  viewsMax: 100,
} as const;
