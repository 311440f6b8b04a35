/**
 * One run that kills its process each time it runs, among healthy ones. Baton is started again whenever it dies; in the
 * end the poison alone is a dead letter with code `crash-loop`, and every neighbour is completed.
 */
import { join } from "node:path";
import type { RunView, StartRequest } from "../../examples/customer-onboarding/processes/api.ts";
import { type BatteredBaton, openBatteredBaton } from "./battered-baton.ts";
import { withinLimit } from "./limit.ts";
import { openOrders } from "./orders.ts";
import { seededRandom } from "./random.ts";
import { runsAtRest } from "./rest.ts";

/** How many neighbours, where, how long at most. */
export interface PoisonOptions {
  readonly healthy: number;
  readonly seed: number;
  readonly dataDir: string;
  readonly log: (line: string) => void;
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** What the poison did and what was found. */
export interface PoisonReport {
  /** How often Baton itself died of the poison. */
  readonly deaths: number;
  readonly problems: readonly string[];
}

/** The engine gives up on a run at the fifth death in a row; a few more would do no harm, many would. */
const DEATHS_MAX = 8;
/** From here on it will not get better: Baton does not come up, or the poison is never given up. */
const HOPELESS_DEATHS = 40;

/** Runs the poison among its neighbours and reports. Every process that it started is gone when it returns or throws. */
export async function poisonAmongHealthy(options: PoisonOptions): Promise<PoisonReport> {
  const { dataDir, limitMs, log } = options;
  await using stack = new AsyncDisposableStack();
  const [finished, hopeless] = [new AbortController(), new AbortController()];
  const signal = withinLimit(limitMs, hopeless.signal, options.signal);
  const baton = openBatteredBaton({ dataDir, config: join(import.meta.dirname, "baton.config.ts"), signal, log });
  const upkeep = keepStarting(baton, { finished: AbortSignal.any([signal, finished.signal]), hopeless, log });
  const end = async (): Promise<number> => {
    finished.abort();
    await baton.end();
    return upkeep;
  };
  stack.defer(async () => void (await end()));
  const requests = makeRequests(options);
  const orders = openOrders(requests, { findUrl: baton.url, signal, limitMs });
  orders.sendUpTo(requests.length);
  await orders.settled();
  const ids = orders.acknowledged.map(({ id }) => id);
  const runs = await runsAtRest(ids, { findUrl: baton.url, signal, limitMs });
  const deaths = await end();
  return { deaths, problems: [...runs.flatMap(problemsOfRun), ...problemsOfDeaths(deaths)] };
}

/** Starts Baton, and starts it again whenever it died, until the test is finished; gives the number of deaths. */
async function keepStarting(
  baton: BatteredBaton,
  { finished, hopeless, log }: { finished: AbortSignal; hopeless: AbortController; log: (line: string) => void },
): Promise<number> {
  for (let deaths = 0; ; deaths += 1) {
    if (deaths > 0) log(`Baton died (${deaths}); starting it again`);
    if (deaths >= HOPELESS_DEATHS) hopeless.abort(new Error(`Baton died ${deaths} times; giving up`));
    if (finished.aborted) return deaths;
    baton.launch();
    await baton.gone();
    if (finished.aborted) return deaths;
  }
}

function makeRequests({ healthy, seed }: PoisonOptions): StartRequest[] {
  const neighbours = Array.from({ length: healthy }, (_, number) => ({
    name: "healthy",
    input: { number },
    idempotencyKey: `healthy-${number}`,
  }));
  // In the first half, so that many neighbours are under way and many are still to come when it strikes.
  const place = seededRandom(seed).below(Math.ceil(healthy / 2));
  return neighbours.toSpliced(place, 0, { name: "poison", input: { number: -1 }, idempotencyKey: "poison" });
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

const problemsOfDeaths = (deaths: number): string[] =>
  deaths >= 1 && deaths <= DEATHS_MAX
    ? []
    : [`Baton died ${deaths} times of one poison run; 1 to ${DEATHS_MAX} are expected`];
