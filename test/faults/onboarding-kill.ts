/**
 * The storm: Baton is killed with SIGKILL again and again while five real systems are at work for it. Afterwards every
 * acknowledged run is completed, every step has one result, and every system acted once for each run.
 */
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunView, StartRequest } from "../../examples/customer-onboarding/processes/api.ts";
import { until } from "../../examples/customer-onboarding/processes/until.ts";
import { startSystems } from "../../examples/customer-onboarding/systems/start.ts";
import { type BatteredBaton, openBatteredBaton } from "./battered-baton.ts";
import { findProblems } from "./evidence.ts";
import { type Moment, planStrikes } from "./kill-plan.ts";
import { withinLimit } from "./limit.ts";
import { type Orders, openOrders } from "./orders.ts";
import { type Random, seededRandom } from "./random.ts";
import { resendAll } from "./resend.ts";
import { runsAtRest } from "./rest.ts";
import { openWitnesses, type Witnesses } from "./witnesses.ts";

/** How hard, how long, and where. */
export interface StormOptions {
  readonly runs: number;
  readonly kills: number;
  readonly seed: number;
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** The whole storm ends within this time, one way or the other. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** What the storm did and what it found. */
export interface StormReport {
  /** Kills that hit while some run that was sent had acts ahead of it. */
  readonly killsUnderWay: number;
  /** Requests that the systems recognised as repeats: the steps that a kill cut off after the act. */
  readonly repeats: number;
  readonly problems: readonly string[];
}

const CONFIG = resolve(import.meta.dirname, "../../examples/customer-onboarding/baton.config.ts");
const ACTS_PER_RUN = 5;
/** A kill charges the steps under way one attempt, and this storm kills far more often than any machine. */
const ENV = { ONBOARDING_RETRY_ATTEMPTS: "50", ONBOARDING_RETRY_FIRST: "20ms" };
/** Fewer kills than this share amid work would prove less than the report claims. */
const UNDER_WAY_SHARE_MIN = 0.9;
/** Many times what a handful of runs needs. */
const MOMENT_LIMIT_MS = 30_000;

interface Storm {
  readonly witnesses: Witnesses;
  readonly baton: BatteredBaton;
  readonly orders: Orders;
  readonly options: StormOptions;
  readonly signal: AbortSignal;
}

/** Runs the storm and reports. Every process that it started is gone when it returns or throws. */
export async function killStorm(options: StormOptions): Promise<StormReport> {
  await using stack = new AsyncDisposableStack();
  const storm = await openStorm(options, stack);
  const killsUnderWay = await strikeAll(storm);
  // Not without await: the processes are ended as soon as this function returns.
  return await report(storm, killsUnderWay);
}

async function openStorm(options: StormOptions, stack: AsyncDisposableStack): Promise<Storm> {
  const { runs, seed, dataDir, limitMs, log } = options;
  const signal = withinLimit(limitMs, options.signal);
  const systems = await startSystems({ dataDir: join(dataDir, "systems"), log });
  stack.defer(() => systems.stop());
  const witnesses = openWitnesses(systems);
  stack.defer(() => witnesses.close());
  const env = { ...ENV, ONBOARDING_SYSTEMS: systems.directoryFile };
  const baton = openBatteredBaton({ dataDir, config: CONFIG, env, signal, log });
  stack.defer(() => baton.end());
  const orders = openOrders(makeRequests(runs, seededRandom(seed)), { findUrl: baton.url, signal, limitMs });
  return { witnesses, baton, orders, options, signal };
}

/** Strikes as planned and gives the number of kills that hit work. Ends early when a moment does not come. */
async function strikeAll(storm: Storm): Promise<number> {
  const { baton, orders, options, signal } = storm;
  const { runs, kills, seed } = options;
  let killsUnderWay = 0;
  baton.launch();
  for (const [index, strike] of planStrikes(seededRandom(seed + 1), options).entries()) {
    if (strike.isAfterRest) await rest(storm);
    orders.sendUpTo(Math.ceil((runs * (index + 1)) / kills));
    try {
      await reach(strike.moment, storm);
    } catch (error) {
      if (signal.aborted) throw error;
      options.log(`stopped striking after ${index} kills: ${error instanceof Error ? error.message : String(error)}`);
      return killsUnderWay;
    }
    if (isUnderWay(storm)) killsUnderWay += 1;
    await baton.kill();
    baton.launch();
    if ((index + 1) % 20 === 0) options.log(`${index + 1} kills, ${storm.witnesses.actCount()} acts`);
  }
  options.log(`${kills} kills done, ${orders.acknowledged.length} runs acknowledged; waiting for rest`);
  return killsUnderWay;
}

/** All that was sent so far is acknowledged and at rest. */
async function rest({ baton, orders, options, signal }: Storm): Promise<readonly RunView[]> {
  await baton.serving();
  await orders.settled();
  const ids = orders.acknowledged.map(({ id }) => id);
  return runsAtRest(ids, { findUrl: baton.url, signal, limitMs: options.limitMs });
}

/** Waits for the moment. It never comes when a run was given up: its acts are missing. The evidence will name that run. */
async function reach(moment: Moment, { baton, orders, witnesses, signal }: Storm): Promise<void> {
  if (moment.name === "in recovery") {
    await delay(moment.afterMs, undefined, { signal });
    return;
  }
  await baton.serving();
  const waiting = { signal, everyMs: 2, limitMs: MOMENT_LIMIT_MS };
  if (moment.name === "amid starts") {
    const target = Math.min(orders.sentCount(), orders.acknowledged.length + moment.afterStarts);
    await until(() => orders.acknowledged.length >= target, { ...waiting, what: `run ${target} is started` });
  } else {
    const done = witnesses.actCount();
    const target = done + Math.floor(moment.share * (orders.sentCount() * ACTS_PER_RUN - done));
    await until(() => witnesses.actCount() >= target, { ...waiting, what: `act ${target} is done` });
  }
}

function isUnderWay({ witnesses, orders }: Storm): boolean {
  return witnesses.actCount() < orders.sentCount() * ACTS_PER_RUN;
}

async function report(storm: Storm, killsUnderWay: number): Promise<StormReport> {
  const { witnesses, baton, orders, options, signal } = storm;
  orders.sendUpTo(options.runs);
  const runs = await rest(storm);
  const resent = await resendAll(orders, { findUrl: baton.url, signal, limitMs: options.limitMs });
  const problems = [
    ...findProblems(runs, witnesses),
    ...resent,
    ...problemsOfCount(witnesses, options.runs),
    ...problemsOfAim(killsUnderWay, options.kills),
  ];
  return { killsUnderWay, repeats: witnesses.repeatCount(), problems };
}

/** Counted after everything was sent a second time: whatever that set going has acted by its first step. */
const problemsOfCount = (witnesses: Witnesses, runs: number): string[] => {
  const actCount = witnesses.actCount();
  return actCount === runs * ACTS_PER_RUN ? [] : [`${actCount} acts in all for ${runs} runs`];
};

const problemsOfAim = (killsUnderWay: number, kills: number): string[] =>
  killsUnderWay >= kills * UNDER_WAY_SHARE_MIN
    ? []
    : [`only ${killsUnderWay} of ${kills} kills hit while runs were under way`];

function makeRequests(count: number, random: Random): StartRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const dealId = `D-${String(index + 1).padStart(4, "0")}`;
    const input = {
      dealId,
      company: `Customer ${index + 1}`,
      email: `it@${dealId.toLowerCase()}.example`,
      tier: random.pick(["smb", "enterprise"]),
      region: random.pick(["emea", "amer", "apac"]),
    };
    return { name: "customer-onboarding", input, idempotencyKey: `storm-${dealId}` };
  });
}
