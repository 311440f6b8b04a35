import { BatonError } from "../kernel/model/errors.ts";
import { Chance } from "./chance.ts";
import { check } from "./check.ts";
import { Clients } from "./clients.ts";
import { Cluster } from "./cluster.ts";
import { drawFaults, type Faults } from "./faults.ts";
import { HistoryLog } from "./history.ts";
import type { Mutant } from "./mutants.ts";
import { drawRollout } from "./rollout.ts";
import { areAllRouted, drawSignals } from "./routing.ts";
import { Scheduler } from "./scheduler.ts";
import { drawScheduleSetup, isQuietExceptSchedules, pauseAll, planOperators, settleMs } from "./schedules.ts";
import type { Violation } from "./violation.ts";
import { World } from "./world.ts";

/** The result of one seed. */
export interface Report {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly faults: Faults;
  readonly events: number;
  readonly runs: number;
  readonly hash: string;
  readonly history: HistoryLog;
  /** Pairs of consecutive facts: how much of the state space was covered. */
  readonly pairs: ReadonlySet<string>;
}

const startAt = Date.UTC(2026, 0, 1);
const chaosMs = 8_000;
/** Longer than any retry, lease and grace together: a run that has not ended by then is stuck, not slow. */
const healMs = 60_000;
/** Each poison run crashes its process six to sixteen times before it is given up. */
const healPoisonMs = 120_000;
const definitions = ["linear", "parallel", "waiter", "timer", "racer", "parent", "broken", "mapper"] as const;
const recoveryDefinitions = [
  // Several times: redrives affect each other only when there are several dead letters.
  "broken",
  "broken",
  "broken",
  "stubborn",
  "saga",
  "limited",
  "kept",
  "stubborn",
  "hopeless",
  "fat",
  "mapped",
  "fickle",
  "looper",
] as const;

const chainDefinitions = ["collector", "collector", "joiner", "skipper", "skipper"] as const;
const scopeDefinitions = ["forker", "batcher", "careless", "cleaner", "cleaner"] as const;

/** Runs one seed: faults, healing, quiet, check. The caller must have poisoned ambient time and randomness. */
export async function simulate(seed: number, mutant: Mutant | null = null): Promise<Report> {
  const chance = new Chance(seed);
  const scheduler = new Scheduler(chance.fork(), startAt);
  const history = new HistoryLog(() => scheduler.now);
  const faults = drawFaults(chance);
  const world = new World(scheduler, chance.fork(), history, faults, mutant?.hasRandomKeys ?? false);
  const scheduleSetup = drawScheduleSetup(seed);
  const rollout = drawRollout(seed, mutant?.runsNewest ?? false);
  const signals = drawSignals(seed);
  const cluster = new Cluster({
    scheduler,
    chance: chance.fork(),
    history,
    world,
    faults,
    mutant,
    scheduleSetup,
    rollout,
    hasSignals: signals !== null,
    // In half of the seeds parked runs stay in memory as soon as they have done anything.
    ...(new Chance(seed ^ 0x3a53).happens(0.5) ? { warmFrom: 1 } : {}),
  });
  const clients = new Clients(cluster, scheduler, chance.fork(), history);
  const workers = chance.between(1, 5);
  for (let i = 0; i < workers; i++) cluster.boot();
  const count = chance.between(3, 10);
  for (let i = 0; i < count; i++)
    clients.plan(chance.pick(definitions), i, faults.poisonRuns > 0 ? 1_200 : chaosMs * 0.7);
  planRecoveries(seed, clients, count + faults.poisonRuns);
  planChains(seed, clients);
  planScopes(seed, clients);
  planThrottled(seed, clients);
  if (rollout !== null) {
    rollout.plan(scheduler, cluster.core, chaosMs);
    const runs = rollout.drawRunCount();
    for (let i = 0; i < runs; i++) clients.plan("deployed", 1_000 + i, chaosMs * 0.6);
  }
  for (const signal of signals ?? []) clients.planSignal(signal, chaosMs * 0.7);
  for (let i = 0; i < faults.poisonRuns; i++) clients.plan("poison", count + i, 1_000);

  if (scheduleSetup !== null) planOperators(cluster, scheduler, new Chance(seed ^ 0x9e091e), chaosMs);

  let violations: readonly Violation[];
  try {
    await scheduler.run(startAt + chaosMs, () => false);
    cluster.heal();
    await scheduler.run(
      startAt + chaosMs + healMs + faults.poisonRuns * healPoisonMs,
      () =>
        clients.areDone &&
        areAllRouted(cluster.core) &&
        (scheduleSetup === null ? isQuiet(cluster) : isQuietExceptSchedules(cluster.core)),
    );
    if (scheduleSetup !== null) {
      await scheduler.run(scheduler.now + settleMs, () => false);
      pauseAll(cluster.core);
      await scheduler.run(scheduler.now + healMs, () => isQuiet(cluster));
    }
    violations = check({ history, core: cluster.core, clients, faults });
  } catch (error) {
    violations = [
      {
        invariant: "CRASH",
        detail:
          error instanceof BatonError
            ? `${error.message}: ${String(error.cause)}`
            : String(error instanceof Error ? error.stack : error),
      },
    ];
  }
  cluster.core.db.close();
  return {
    seed,
    violations,
    faults,
    events: scheduler.eventCount,
    runs: clients.runs.length,
    hash: history.hash(),
    history,
    pairs: pairsOf(history),
  };
}

/** Drawn from its own random source, so that seeds without them replay unchanged. */
function planRecoveries(seed: number, clients: Clients, first: number): void {
  const chance = new Chance(seed ^ 0x7ec0);
  if (chance.happens(0.3)) return;
  const count = chance.between(2, 9);
  for (let i = 0; i < count; i++) clients.plan(chance.pick(recoveryDefinitions), first + i, chaosMs * 0.6);
}

function planChains(seed: number, clients: Clients): void {
  const chance = new Chance(seed ^ 0xc4a1);
  if (chance.happens(0.65)) return;
  const count = chance.between(1, 4);
  for (let i = 0; i < count; i++) clients.plan(chance.pick(chainDefinitions), 2_000 + i, chaosMs * 0.6);
}

function planScopes(seed: number, clients: Clients): void {
  const chance = new Chance(seed ^ 0x5c09e);
  if (chance.happens(0.7)) return;
  const count = chance.between(1, 3);
  for (let i = 0; i < count; i++) clients.plan(chance.pick(scopeDefinitions), 3_000 + i, chaosMs * 0.6);
}

function planThrottled(seed: number, clients: Clients): void {
  const chance = new Chance(seed ^ 0x7417);
  if (chance.happens(0.85)) return;
  for (let i = chance.between(6, 12); i > 0; i--) clients.plan("throttled", 4_000 + i, 2_500);
}

function isQuiet(cluster: Cluster): boolean {
  return cluster.core.db.get("select 1 from live limit 1") === undefined && areAllRouted(cluster.core);
}

function pairsOf(history: HistoryLog): ReadonlySet<string> {
  const pairs = new Set<string>();
  let last = "";
  for (const fact of history.facts) {
    const name =
      fact.type === "leave"
        ? `leave:${fact.state}`
        : fact.type === "client"
          ? `client:${fact.operation}:${fact.answer}`
          : fact.type;
    pairs.add(`${last} > ${name}`);
    last = name;
  }
  return pairs;
}
