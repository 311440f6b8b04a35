/**
 * One run that kills its process each time it runs, among healthy ones. Baton is restarted after each crash; in the end
 * only the poison run is a dead letter with code `crash-loop`, and all other runs are completed.
 */
import { join } from "node:path";
import type { RunView, StartRequest } from "../../examples/customer-onboarding/processes/api.ts";
import { withinLimit } from "./limit.ts";
import { openOrders } from "./orders.ts";
import { seededRandom } from "./random.ts";
import { openRestartableBaton, type RestartableBaton } from "./restartable-baton.ts";
import { waitForEnds } from "./wait-for-ends.ts";

/** Number of healthy runs, data folder and time limit. */
export interface PoisonOptions {
  readonly healthy: number;
  readonly seed: number;
  readonly dataDir: string;
  readonly log: (line: string) => void;
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** The result of the test. */
export interface PoisonReport {
  /** How often the poison run crashed Baton. */
  readonly crashes: number;
  readonly problems: readonly string[];
}

/** The engine gives up on a run at its fifth crash in a row; a few more would be acceptable, many would not. */
const CRASHES_MAX = 8;
/** Give up here: Baton does not start, or never gives up on the poison run. */
const GIVE_UP_AFTER = 40;

/**
 * Runs the poison run among healthy ones and reports. All processes that it started have exited when it returns or
 * throws.
 */
export async function poisonAmongHealthy(options: PoisonOptions): Promise<PoisonReport> {
  const { dataDir, limitMs, log } = options;
  await using stack = new AsyncDisposableStack();
  const [finished, givingUp] = [new AbortController(), new AbortController()];
  const signal = withinLimit(limitMs, givingUp.signal, options.signal);
  const baton = openRestartableBaton({ dataDir, config: join(import.meta.dirname, "baton.config.ts"), signal, log });
  const restarting = keepStarting(baton, { finished: AbortSignal.any([signal, finished.signal]), givingUp, log });
  const end = async (): Promise<number> => {
    finished.abort();
    await baton.end();
    return restarting;
  };
  stack.defer(async () => void (await end()));
  const requests = makeRequests(options);
  const orders = openOrders(requests, { findUrl: baton.url, signal, limitMs });
  orders.sendUpTo(requests.length);
  await orders.settled();
  const ids = orders.acknowledged.map(({ id }) => id);
  const runs = await waitForEnds(ids, { findUrl: baton.url, signal, limitMs });
  const crashes = await end();
  return { crashes, problems: [...runs.flatMap(problemsOfRun), ...problemsOfCrashes(crashes)] };
}

/** Starts Baton, and restarts it after each crash until the test is finished; returns the number of crashes. */
async function keepStarting(
  baton: RestartableBaton,
  { finished, givingUp, log }: { finished: AbortSignal; givingUp: AbortController; log: (line: string) => void },
): Promise<number> {
  for (let crashes = 0; ; crashes += 1) {
    if (crashes > 0) log(`Baton crashed (${crashes}); restarting`);
    if (crashes >= GIVE_UP_AFTER) givingUp.abort(new Error(`Baton crashed ${crashes} times; giving up`));
    if (finished.aborted) return crashes;
    baton.launch();
    await baton.gone();
    if (finished.aborted) return crashes;
  }
}

function makeRequests({ healthy, seed }: PoisonOptions): StartRequest[] {
  const healthyRuns = Array.from({ length: healthy }, (_, number) => ({
    name: "healthy",
    input: { number },
    idempotencyKey: `healthy-${number}`,
  }));
  // In the first half, so that many healthy runs are running and many are still to come when it starts.
  const place = seededRandom(seed).below(Math.ceil(healthy / 2));
  return healthyRuns.toSpliced(place, 0, { name: "poison", input: { number: -1 }, idempotencyKey: "poison" });
}

function problemsOfRun(run: RunView): string[] {
  const what = `${run.name} ${run.id} is ${run.status}`;
  if (run.name === "poison") {
    return run.status === "failed" && run.error?.code === "crash-loop" ? [] : [`${what} with code ${run.error?.code}`];
  }
  const results = run.steps.filter((step) => step.status === "completed").map((step) => step.name);
  return run.status === "completed" && results.join() === "double,add one"
    ? []
    : [`${what} with results ${results.join()}`];
}

const problemsOfCrashes = (crashes: number): string[] =>
  crashes >= 1 && crashes <= CRASHES_MAX
    ? []
    : [`one poison run crashed Baton ${crashes} times; expected 1 to ${CRASHES_MAX}`];
