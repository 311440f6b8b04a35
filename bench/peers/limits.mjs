/** Time limit of one workload of one peer, including its start. */
export const workloadLimitMs = 120_000;

/** Time limit of the whole benchmark. Workloads that remain are reported as skipped. */
export const totalLimitMs = 28 * 60_000;

/** A latency workload ends early if a peer's polling would use up its time limit. The row has the number of runs. */
export const latencyBudgetMs = 45_000;

/** A drain that takes longer is stopped. Its figure covers the runs that have ended by then. */
export const drainBudgetMs = 60_000;

/** Grace period of a peer's processes between SIGTERM and SIGKILL. */
export const endingLimitMs = 5_000;

/** Concurrent requests, if a peer has no batch call. */
export const requestsAtOnce = 100;

/** Interval between queries whether all runs wait or sleep. Long, because the query itself loads the server. */
export const watchEveryMs = 200;

/** The workloads in the order of the table. */
export const workloadNames = ["drain", "single", "latency", "fan-out", "wake", "sleepers"];

/**
 * The sizes of the workloads: those of Baton's own benchmark, but with fewer sleepers, because most peers need minutes
 * for 100,000.
 *
 * @param {{ quick: boolean, full: boolean }} choice `quick` makes all ten times smaller, `full` uses 100,000 sleepers.
 */
export function chooseSizes({ quick, full }) {
  const share = quick ? 10 : 1;
  return {
    drainRuns: 5_000 / share,
    drainSteps: 5,
    singleRuns: 20_000 / share,
    latencyRuns: 100 / share,
    latencyWarmUps: 10,
    fanOutSteps: 1_000 / share,
    fanOutRounds: 3,
    wakeRuns: 1_000 / share,
    sleepers: (full ? 100_000 : 20_000) / share,
  };
}
