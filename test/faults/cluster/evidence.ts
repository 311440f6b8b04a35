/**
 * What must be true after the storm, checked against independent sources: what the clients were acknowledged, what the
 * world was asked to do, and what the store holds. The simulator's checker gets everything it can read; the other
 * checks are here.
 */
import { check } from "../../../src/simulation/check.ts";
import type { Evidence } from "../../../src/simulation/evidence.ts";
import { noFaults } from "../../../src/simulation/faults.ts";
import { HistoryLog } from "../../../src/simulation/history.ts";
import { sagaSteps } from "../../../src/simulation/recovery-workloads.ts";
import type { SqliteCore } from "../../../src/stores/sqlite/core.ts";
import type { Clients, KnownRun } from "./clients.ts";
import { childrenOfParent, laneLimit } from "./definitions.ts";
import type { Effect } from "./effect.ts";
import type { UncertainLease } from "./faults.ts";

/** Everything that the storm left behind. */
export interface Witnesses {
  readonly core: SqliteCore;
  readonly effects: readonly Effect[];
  readonly clients: Clients;
  readonly uncertainLeases: readonly UncertainLease[];
  /** The run of each row that a teller wrote. */
  readonly ledger: readonly string[];
  readonly leaseMs: number;
}

/** The results of the checks. */
export interface Findings {
  readonly problems: readonly string[];
  /** Runs by their end. */
  readonly ends: ReadonlyMap<string, number>;
  /** Times at which a limit looked exceeded because of a worker that had lost its lease without noticing. */
  readonly zombieOverlaps: number;
  /** Effects that filled their lane up to its limit: without any, the limit was not tested. */
  readonly fullLanes: number;
}

interface RunRow {
  readonly no: number;
  readonly id: string;
  readonly name: string;
  readonly ended: string | null;
  readonly code: string | null;
  readonly parent: number | null;
}

/** Longer than the time that a cancel allows running steps, ms. */
const cancelGraceMs = 2_500;
/** Tables that are empty when every run has ended. */
const emptyAtEnd = ["live", "slots", "slot_waiters", "waits"];

/** Each problem is one broken guarantee. */
export function findProblems(witnesses: Witnesses): Findings {
  const { core, clients, effects } = witnesses;
  const rows = core.db.all<RunRow>(
    `select r.no, r.id, d.name, r.ended, r.parent, json_extract(r.reason, '$.code') as code
     from runs r join definitions d on d.no = r.definition`,
  );
  const limits = checkLimits(witnesses);
  return {
    problems: [
      ...clients.problems,
      ...check(asSimulated(witnesses, rows)).map(({ invariant, detail }) => `${invariant} ${detail}`),
      ...checkEnds(clients.runs, rows, findEndedBeforeCancel(core, witnesses.leaseMs)),
      ...checkEmptyTables(core),
      ...checkResults(core, effects),
      ...checkFences(core, effects),
      ...checkUndos(core, effects),
      ...checkFamilies(rows),
      ...checkLedger(witnesses, rows),
      ...checkCancels(witnesses),
      ...limits.problems,
    ],
    ends: countEnds(rows),
    zombieOverlaps: limits.zombieOverlaps,
    fullLanes: limits.fullLanes,
  };
}

/**
 * The storm in the form of a simulator's history. Claims are not visible from outside: their number is the run's fence.
 * Starts and effects are what the world saw.
 */
function asSimulated({ core, effects, clients }: Witnesses, rows: readonly RunRow[]): Evidence {
  const history = new HistoryLog(() => 0);
  for (const { no, fence } of core.db.all<{ no: number; fence: number }>("select no, fence from runs")) {
    for (let claim = 1; claim <= fence; claim += 1) history.add({ type: "claim", run: no, fence: claim, worker: 0 });
  }
  const ids = new Set(rows.map((row) => row.id));
  const known = new Set<string>();
  for (const effect of effects) {
    if (!ids.has(effect.run)) continue;
    const { run, step: key, idempotencyKey, number, pid } = effect;
    history.add({ type: "start", process: pid, run, key, number, fence: 0, idempotencyKey });
    if (effect.receipt !== null && !known.has(idempotencyKey)) {
      known.add(idempotencyKey);
      history.add({ type: "effect", idempotencyKey, run, key, value: effect.receipt });
    }
  }
  for (const { what, subject, answer } of clients.operations)
    history.add({ type: "client", operation: what, subject, answer });
  for (const row of core.db.all<{ run: number; key: string; number: number; outcome: string; charged: number }>(
    "select run, key, number, outcome, charged from attempts",
  ))
    history.add({ type: "attempt", ...row, charged: row.charged === 1 });
  return {
    history,
    core,
    clients: { runs: clients.runs } as unknown as Evidence["clients"],
    // Any fault: the checker only needs to know that this run had faults.
    faults: { ...noFaults, crashBefore: 1 },
  };
}

/**
 * Runs that ended before their holder received a cancel. A cancel of a held run is a request, and a run that ends first
 * has ended; but a holder receives it with its next renewal.
 */
function findEndedBeforeCancel(core: SqliteCore, leaseMs: number): ReadonlySet<string> {
  const rows = core.db.all<{ id: string }>(
    "select r.id from runs r join inbox i on i.run = r.no where i.kind = 'cancel' and r.ended_at - i.at between 0 and ?",
    leaseMs,
  );
  return new Set(rows.map((row) => row.id));
}

/** Every run ends as its kind requires, and an acknowledged cancel takes effect. */
function checkEnds(
  runs: readonly KnownRun[],
  rows: readonly RunRow[],
  endedBeforeCancel: ReadonlySet<string>,
): string[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return runs.flatMap((run) => {
    const [id = "", ...others] = run.ids;
    const row = byId.get(id);
    if (others.length > 0) return [`${run.key} was acknowledged with the runs ${[...run.ids].join(" and ")}`];
    if (row === undefined) return [`the acknowledged run ${id} of ${run.key} is missing`];
    const end = row.ended === "failed" ? `failed ${row.code}` : `${row.ended}`;
    const allowed = endsOf(run, endedBeforeCancel.has(id));
    return allowed.includes(end)
      ? []
      : [`${run.plan.kind} ${id} of ${run.key} is ${end} instead of ${allowed.join(" or ")}`];
  });
}

function endsOf({ plan, cancel }: KnownRun, isEndedBeforeCancel: boolean): readonly string[] {
  if (plan.kind === "patient" || (cancel?.answer === "ok" && !isEndedBeforeCancel)) return ["cancelled"];
  const end = plan.kind === "saga" ? "failed compensated" : "completed";
  // A refused cancel may be a repeat of one whose answer was lost.
  return cancel === null ? [end] : [end, "cancelled"];
}

function checkEmptyTables(core: SqliteCore): string[] {
  return emptyAtEnd.flatMap((table) => {
    const count = core.db.get<{ n: number }>(`select count(*) as n from ${table}`)?.n ?? 0;
    return count === 0 ? [] : [`${count} rows are left in ${table}`];
  });
}

/** Each step has one result, and it was returned to an attempt of this step. */
function checkResults(core: SqliteCore, effects: readonly Effect[]): string[] {
  const receipts = new Set(effects.map((effect) => `${effect.run} ${effect.step} ${effect.receipt}`));
  const results = core.db.all<{ id: string; key: string; value: string | null; n: number }>(
    `select r.id, s.key, min(s.value) as value, count(*) as n from steps s join runs r on r.no = s.run
     where s.kind in (0, 11) and s.outcome = 0 group by s.run, s.key`,
  );
  return results.flatMap(({ id, key, value, n }) => {
    if (n > 1) return [`"${key}" of ${id} has ${n} results`];
    const recorded: unknown = value === null ? null : JSON.parse(value);
    if (typeof recorded !== "string") return [];
    return receipts.has(`${id} ${key} ${recorded}`)
      ? []
      : [`"${key}" of ${id} holds ${recorded}, which no attempt of it received`];
  });
}

/**
 * No attempt's result is recorded after its worker was declared dead and a successor acted for the run. The time of the
 * declaration alone proves nothing: it was read before the rows were locked. The worker may have joined again since
 * then; that does not make its earlier attempts valid.
 */
function checkFences(core: SqliteCore, effects: readonly Effect[]): string[] {
  const workers = core.db.all<{ name: string; started_at: number; died_at: number | null }>(
    "select name, started_at, died_at from workers order by started_at",
  );
  const byReceipt = new Map(effects.map((effect) => [effect.receipt, effect]));
  const byRun = Map.groupBy(effects, (effect) => effect.run);
  const results = core.db.all<{ id: string; key: string; value: string; at: number }>(
    `select r.id, s.key, s.value, s.at from steps s join runs r on r.no = s.run
     where s.kind in (0, 11) and s.outcome = 0 and s.value is not null`,
  );
  return results.flatMap(({ id, key, value, at }) => {
    const effect = byReceipt.get(JSON.parse(value) as string);
    if (effect === undefined) return [];
    const worker = workers.findLast(
      ({ name, started_at }) => name.endsWith(`:${effect.pid}`) && started_at <= effect.at,
    );
    const diedAt = worker?.died_at ?? Number.POSITIVE_INFINITY;
    const successor = byRun.get(id)?.find((other) => other.pid !== effect.pid && diedAt < other.at && other.at < at);
    return successor === undefined
      ? []
      : [`"${key}" of ${id} was recorded for process ${effect.pid} after ${successor.pid} had taken over the run`];
  });
}

/** The world saw compensations of recorded steps only, newest first. */
function checkUndos(core: SqliteCore, effects: readonly Effect[]): string[] {
  const done = new Set(
    core.db
      .all<{ id: string; key: string }>(
        "select r.id, s.key from steps s join runs r on r.no = s.run where s.kind = 0 and s.outcome = 0",
      )
      .map(({ id, key }) => `${id} ${key}`),
  );
  const undos = Map.groupBy(
    effects.filter((effect) => effect.isUndo),
    (effect) => effect.run,
  );
  return [...undos].flatMap(([run, some]) => {
    const keys = [...new Set(some.map((effect) => effect.step.slice("undo:".length)))];
    const strangers = keys.filter((key) => !done.has(`${run} ${key}`));
    const places = keys.map((key) => sagaSteps.indexOf(key as (typeof sagaSteps)[number]));
    const isReversed = places.every((place, i) => i === 0 || place < (places[i - 1] ?? 0));
    return [
      ...strangers.map((key) => `"${key}" of ${run} was compensated but never recorded`),
      ...(isReversed ? [] : [`${run} was compensated in the order ${keys.join(", ")}`]),
    ];
  });
}

function checkFamilies(rows: readonly RunRow[]): string[] {
  const children = Map.groupBy(rows, (row) => row.parent);
  return rows
    .filter((row) => row.name === "parent" && row.ended === "completed")
    .filter((row) => children.get(row.no)?.length !== childrenOfParent)
    .map((row) => `${row.id} has ${children.get(row.no)?.length ?? 0} children instead of ${childrenOfParent}`);
}

/** A transaction in the store's own database happens once. */
function checkLedger({ ledger }: Witnesses, rows: readonly RunRow[]): string[] {
  const counts = new Map<string, number>();
  for (const run of ledger) counts.set(run, (counts.get(run) ?? 0) + 1);
  return rows
    .filter((row) => row.name === "teller" && (counts.get(row.id) ?? 0) !== 1)
    .map((row) => `${row.id} booked ${counts.get(row.id) ?? 0} times`);
}

/** After an acknowledged cancel only attempts that were already running may act. */
function checkCancels({ clients, effects, uncertainLeases, leaseMs }: Witnesses): string[] {
  const cancelled = new Map(
    clients.runs
      .filter((run) => run.cancel?.answer === "ok")
      .flatMap(({ ids, cancel }) => [...ids].map((id) => [id, cancel?.at ?? 0] as const)),
  );
  return effects
    .filter(
      (effect) => effect.startedAt > (cancelled.get(effect.run) ?? Number.POSITIVE_INFINITY) + leaseMs + cancelGraceMs,
    )
    .filter((effect) => !effect.isUndo && !hasUncertainLease(effect, uncertainLeases))
    .map(
      (effect) =>
        `"${effect.step}" of ${effect.run} started ${effect.startedAt - (cancelled.get(effect.run) ?? 0)} ms after its cancel`,
    );
}

/**
 * Never more effects of a lane at once than its limit. A worker that lost its lease without noticing may still call the
 * world; only with such a worker may the limit look exceeded.
 */
function checkLimits({ effects, uncertainLeases }: Witnesses): Omit<Findings, "ends"> {
  const problems: string[] = [];
  let zombieOverlaps = 0;
  let fullLanes = 0;
  const lanes = Map.groupBy(
    effects.filter((effect) => effect.lane !== null),
    (effect) => effect.lane,
  );
  for (const [lane, some] of lanes) {
    for (const effect of some) {
      const together = some.filter((other) => other.startedAt <= effect.startedAt && effect.startedAt < endOf(other));
      const count = new Set(together.map((each) => each.run)).size;
      if (count === laneLimit) fullLanes += 1;
      if (count <= laneLimit) continue;
      const sure = together.filter((each) => !hasUncertainLease(each, uncertainLeases));
      const runs = new Set(sure.map((each) => each.run));
      if (runs.size > laneLimit) problems.push(`${runs.size} runs of ${lane} acted at once: ${[...runs].join(", ")}`);
      else zombieOverlaps += 1;
    }
  }
  return { problems, zombieOverlaps, fullLanes };
}

function endOf(effect: Effect): number {
  return effect.endedAt ?? Number.POSITIVE_INFINITY;
}

function hasUncertainLease(effect: Effect, uncertainLeases: readonly UncertainLease[]): boolean {
  return uncertainLeases.some(
    ({ pid, from, until }) =>
      (pid === null || pid === effect.pid) && from <= endOf(effect) && effect.startedAt <= until,
  );
}

function countEnds(rows: readonly RunRow[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { ended, code } of rows) {
    const end = code === null ? `${ended}` : `${ended} ${code}`;
    counts.set(end, (counts.get(end) ?? 0) + 1);
  }
  return counts;
}
