/** How long one workload of one peer may take, its own start included, before it is ended. */
export const workloadLimitMs = 120_000;

/** How long the whole benchmark may take: what is left then is said to be left out. */
export const totalLimitMs = 28 * 60_000;

/** A latency run ends early when a peer's polling would eat its whole limit; the row says how many runs it had. */
export const latencyBudgetMs = 45_000;

/** A drain that takes longer is stopped here, and its figure is that of the runs that have ended by then. */
export const drainBudgetMs = 60_000;

/** Asked to end, a peer's processes have so long before they are killed. */
export const endingLimitMs = 5_000;

/** How many requests are on their way at once when a peer has no call for many. */
export const requestsAtOnce = 100;

/** How often a store is asked whether all runs wait or sleep: seldom, since the question itself costs the server. */
export const watchEveryMs = 200;

/** The order of the table. */
export const workloadNames = ["drain", "single", "latency", "fan-out", "wake", "sleepers"];

/**
 * The sizes of the workloads: those of Baton's own benchmark, except for fewer sleepers, since most peers need minutes
 * for 100,000.
 *
 * @param {{ quick: boolean, full: boolean }} choice `quick` makes all ten times smaller, `full` takes 100,000 sleepers.
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
