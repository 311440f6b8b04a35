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
  keyMax: 512,
  nameMax: 200,
  logLinesMax: 1_000,
  startManyMax: 10_000,
  retry: { attempts: 3, backoff: "exponential", firstMs: 1_000, maxMs: 60_000, jitter: 0.2 },
  /** A worker that has not renewed for this long is dead for everybody. */
  leaseMs: 3_000,
  beatMs: 1_000,
  /** Looks for ready work even when no hint came: hints only save time. */
  pollMs: 1_000,
  /** Runs held in memory by one worker at once. */
  slots: 1_000,
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
  matchShapesMax: 8,
  /** The furthest that a priority moves a run forward in the queue, so that nobody starves. */
  priorityShiftMaxMs: 600_000,
  queueMax: 10_000,
  /** Transitions of one commit. Larger ones save fsyncs, but then all runs wait for one batch and one thread for the other. */
  batchMax: 250,
  inlineMax: 4 * 1024,
  pageMax: 200,
} as const;
