/**
 * The storm: Baton is killed with SIGKILL repeatedly while its runs use five real systems. Afterwards every
 * acknowledged run is completed, every step has one result, and every system acted once for each run.
 */
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunView, StartRequest } from "../../examples/customer-onboarding/processes/api.ts";
import { until } from "../../examples/customer-onboarding/processes/until.ts";
import { startSystems } from "../../examples/customer-onboarding/systems/start.ts";
import { findProblems } from "./evidence.ts";
import { type KillTime, planKills } from "./kill-plan.ts";
import { withinLimit } from "./limit.ts";
import { type Orders, openOrders } from "./orders.ts";
import { type Random, seededRandom } from "./random.ts";
import { resendAll } from "./resend.ts";
import { openRestartableBaton, type RestartableBaton } from "./restartable-baton.ts";
import { waitForEnds } from "./wait-for-ends.ts";
import { openWitnesses, type Witnesses } from "./witnesses.ts";

/** Size, duration and location of the storm. */
export interface StormOptions {
  readonly runs: number;
  readonly kills: number;
  readonly seed: number;
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** The whole storm ends within this time in any case. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** What the storm did and what it found. */
export interface StormReport {
  /** Kills that hit while some sent run had operations left. */
  readonly killsDuringWork: number;
  /** Requests that the systems recognised as repeats: steps that a kill interrupted after the operation. */
  readonly repeats: number;
  readonly problems: readonly string[];
}

const CONFIG = resolve(import.meta.dirname, "../../examples/customer-onboarding/baton.config.ts");
const OPERATIONS_PER_RUN = 5;
/** A kill costs each running step one attempt, and this storm kills far more often than any real machine. */
const ENV = { ONBOARDING_RETRY_ATTEMPTS: "50", ONBOARDING_RETRY_FIRST: "20ms" };
/** With fewer kills than this share during work, the test would prove less than its report claims. */
const DURING_WORK_SHARE_MIN = 0.9;
/** Many times what a handful of runs needs. */
const KILL_TIME_LIMIT_MS = 30_000;

interface Storm {
  readonly witnesses: Witnesses;
  readonly baton: RestartableBaton;
  readonly orders: Orders;
  readonly options: StormOptions;
  readonly signal: AbortSignal;
}

/** Runs the storm and reports. All processes that it started have exited when it returns or throws. */
export async function killStorm(options: StormOptions): Promise<StormReport> {
  await using stack = new AsyncDisposableStack();
  const storm = await openStorm(options, stack);
  const killsDuringWork = await killAll(storm);
  // The await is needed: the processes are ended as soon as this function returns.
  return await report(storm, killsDuringWork);
}

async function openStorm(options: StormOptions, stack: AsyncDisposableStack): Promise<Storm> {
  const { runs, seed, dataDir, limitMs, log } = options;
  const signal = withinLimit(limitMs, options.signal);
  const systems = await startSystems({ dataDir: join(dataDir, "systems"), log });
  stack.defer(() => systems.stop());
  const witnesses = openWitnesses(systems);
  stack.defer(() => witnesses.close());
  const env = { ...ENV, ONBOARDING_SYSTEMS: systems.directoryFile };
  const baton = openRestartableBaton({ dataDir, config: CONFIG, env, signal, log });
  stack.defer(() => baton.end());
  const orders = openOrders(makeRequests(runs, seededRandom(seed)), { findUrl: baton.url, signal, limitMs });
  return { witnesses, baton, orders, options, signal };
}

/** Kills as planned and returns the number of kills that hit work. Ends early when a kill time is never reached. */
async function killAll(storm: Storm): Promise<number> {
  const { baton, orders, options, signal } = storm;
  const { runs, kills, seed } = options;
  let killsDuringWork = 0;
  baton.launch();
  for (const [index, kill] of planKills(seededRandom(seed + 1), options).entries()) {
    if (kill.isAfterEnds) await waitForSentRuns(storm);
    orders.sendUpTo(Math.ceil((runs * (index + 1)) / kills));
    try {
      await waitForKillTime(kill.time, storm);
    } catch (error) {
      if (signal.aborted) throw error;
      options.log(`stopped killing after ${index} kills: ${error instanceof Error ? error.message : String(error)}`);
      return killsDuringWork;
    }
    if (hasWorkLeft(storm)) killsDuringWork += 1;
    await baton.kill();
    baton.launch();
    if ((index + 1) % 20 === 0) options.log(`${index + 1} kills, ${storm.witnesses.operationCount()} operations`);
  }
  options.log(`${kills} kills done, ${orders.acknowledged.length} runs acknowledged; waiting for them to end`);
  return killsDuringWork;
}

/** Waits until all runs sent so far are acknowledged and ended. */
async function waitForSentRuns({ baton, orders, options, signal }: Storm): Promise<readonly RunView[]> {
  await baton.serving();
  await orders.settled();
  const ids = orders.acknowledged.map(({ id }) => id);
  return waitForEnds(ids, { findUrl: baton.url, signal, limitMs: options.limitMs });
}

/**
 * Waits for the time of the kill. It is never reached when a run was given up, since its operations are missing; the
 * evidence will then name that run.
 */
async function waitForKillTime(time: KillTime, { baton, orders, witnesses, signal }: Storm): Promise<void> {
  if (time.name === "in recovery") {
    await delay(time.afterMs, undefined, { signal });
    return;
  }
  await baton.serving();
  const waiting = { signal, everyMs: 2, limitMs: KILL_TIME_LIMIT_MS };
  if (time.name === "during starts") {
    const target = Math.min(orders.sentCount(), orders.acknowledged.length + time.afterStarts);
    await until(() => orders.acknowledged.length >= target, { ...waiting, what: `run ${target} is started` });
  } else {
    const done = witnesses.operationCount();
    const target = done + Math.floor(time.share * (orders.sentCount() * OPERATIONS_PER_RUN - done));
    await until(() => witnesses.operationCount() >= target, { ...waiting, what: `operation ${target} is done` });
  }
}

function hasWorkLeft({ witnesses, orders }: Storm): boolean {
  return witnesses.operationCount() < orders.sentCount() * OPERATIONS_PER_RUN;
}

async function report(storm: Storm, killsDuringWork: number): Promise<StormReport> {
  const { witnesses, baton, orders, options, signal } = storm;
  orders.sendUpTo(options.runs);
  const runs = await waitForSentRuns(storm);
  const resent = await resendAll(orders, { findUrl: baton.url, signal, limitMs: options.limitMs });
  const problems = [
    ...findProblems(runs, witnesses),
    ...resent,
    ...problemsOfCount(witnesses, options.runs),
    ...problemsOfKills(killsDuringWork, options.kills),
  ];
  return { killsDuringWork, repeats: witnesses.repeatCount(), problems };
}

/**
 * Counted after everything was sent a second time: a run started by mistake would have executed its first step by then.
 */
const problemsOfCount = (witnesses: Witnesses, runs: number): string[] => {
  const operationCount = witnesses.operationCount();
  return operationCount === runs * OPERATIONS_PER_RUN ? [] : [`${operationCount} operations in total for ${runs} runs`];
};

const problemsOfKills = (killsDuringWork: number, kills: number): string[] =>
  killsDuringWork >= kills * DURING_WORK_SHARE_MIN
    ? []
    : [`only ${killsDuringWork} of ${kills} kills hit while runs had work left`];

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
