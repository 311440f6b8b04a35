/**
 * What must be true after the storm, held against witnesses that do not know each other: what the clients were promised,
 * what the world was asked to do, and what the store holds. Whatever of it the simulator's checker can read is given to
 * that same checker; the rest is here.
 */
import { check } from "../../../src/simulation/check.ts";
import type { Evidence } from "../../../src/simulation/evidence.ts";
import { noFaults } from "../../../src/simulation/faults.ts";
import { HistoryLog } from "../../../src/simulation/history.ts";
import { sagaSteps } from "../../../src/simulation/recovery-workloads.ts";
import type { SqliteCore } from "../../../src/stores/sqlite/core.ts";
import type { Act } from "./act.ts";
import type { Clients, KnownRun } from "./clients.ts";
import { childrenOfParent, laneLimit } from "./definitions.ts";
import type { Doubt } from "./faults.ts";

/** All that the storm has left behind. */
export interface Witnesses {
  readonly core: SqliteCore;
  readonly acts: readonly Act[];
  readonly clients: Clients;
  readonly doubts: readonly Doubt[];
  /** Rows that tellers wrote: the run of each. */
  readonly ledger: readonly string[];
  readonly leaseMs: number;
}

/** What was found. */
export interface Findings {
  readonly problems: readonly string[];
  /** Runs by their end. */
  readonly ends: ReadonlyMap<string, number>;
  /** Times at which a worker that had lost its lease without knowing made a limit look exceeded. */
  readonly zombieOverlaps: number;
  /** Acts that filled their lane up to its limit: without some the limit was not put to the test. */
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

/** Longer than a cancel lets steps under way end, ms. */
const cancelGraceMs = 2_500;
/** Tables that are empty when every run is at rest. */
const restless = ["live", "slots", "slot_waiters", "waits"];

/** Each problem is one broken promise. */
export function findProblems(witnesses: Witnesses): Findings {
  const { core, clients, acts } = witnesses;
  const rows = core.db.all<RunRow>(
    `select r.no, r.id, d.name, r.ended, r.parent, json_extract(r.reason, '$.code') as code
     from runs r join definitions d on d.no = r.definition`,
  );
  const limits = checkLimits(witnesses);
  return {
    problems: [
      ...clients.problems,
      ...check(asSimulated(witnesses, rows)).map(({ invariant, detail }) => `${invariant} ${detail}`),
      ...checkEnds(clients.runs, rows, findOutrun(core, witnesses.leaseMs)),
      ...checkRest(core),
      ...checkResults(core, acts),
      ...checkFences(core, acts),
      ...checkUndos(core, acts),
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
 * The storm as the simulator would have written it down. From outside nobody sees claims: their number is the run's fence.
 * Starts and effects are what the world saw.
 */
function asSimulated({ core, acts, clients }: Witnesses, rows: readonly RunRow[]): Evidence {
  const history = new HistoryLog(() => 0);
  for (const { no, fence } of core.db.all<{ no: number; fence: number }>("select no, fence from runs")) {
    for (let claim = 1; claim <= fence; claim += 1) history.add({ type: "claim", run: no, fence: claim, worker: 0 });
  }
  const ids = new Set(rows.map((row) => row.id));
  const known = new Set<string>();
  for (const act of acts) {
    if (!ids.has(act.run)) continue;
    const { run, step: key, idempotencyKey, number, pid } = act;
    history.add({ type: "start", process: pid, run, key, number, fence: 0, idempotencyKey });
    if (act.receipt !== null && !known.has(idempotencyKey)) {
      known.add(idempotencyKey);
      history.add({ type: "effect", idempotencyKey, run, key, value: act.receipt });
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
    // Any of them: the checker only has to know that this life was not without.
    faults: { ...noFaults, crashBefore: 1 },
  };
}

/**
 * Runs that ended before their holder had heard of a cancel. A cancel of a held run is a request, and one that ends first
 * has ended; but a holder hears of it with its next renewal.
 */
function findOutrun(core: SqliteCore, leaseMs: number): ReadonlySet<string> {
  const rows = core.db.all<{ id: string }>(
    "select r.id from runs r join inbox i on i.run = r.no where i.kind = 'cancel' and r.ended_at - i.at between 0 and ?",
    leaseMs,
  );
  return new Set(rows.map((row) => row.id));
}

/** Every run ends as its kind should, and a cancel that was acknowledged counts. */
function checkEnds(runs: readonly KnownRun[], rows: readonly RunRow[], outrun: ReadonlySet<string>): string[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return runs.flatMap((run) => {
    const [id = "", ...others] = run.ids;
    const row = byId.get(id);
    if (others.length > 0) return [`${run.key} was promised the runs ${[...run.ids].join(" and ")}`];
    if (row === undefined) return [`the run ${id} of ${run.key} was promised and is not there`];
    const end = row.ended === "failed" ? `failed ${row.code}` : `${row.ended}`;
    const allowed = endsOf(run, outrun.has(id));
    return allowed.includes(end)
      ? []
      : [`${run.errand.kind} ${id} of ${run.key} is ${end} instead of ${allowed.join(" or ")}`];
  });
}

function endsOf({ errand, cancel }: KnownRun, isOutrun: boolean): readonly string[] {
  if (errand.kind === "patient" || (cancel?.answer === "ok" && !isOutrun)) return ["cancelled"];
  const end = errand.kind === "saga" ? "failed compensated" : "completed";
  // A refused cancel may be the repetition of one whose answer was lost.
  return cancel === null ? [end] : [end, "cancelled"];
}

function checkRest(core: SqliteCore): string[] {
  return restless.flatMap((table) => {
    const count = core.db.get<{ n: number }>(`select count(*) as n from ${table}`)?.n ?? 0;
    return count === 0 ? [] : [`${count} rows are left in ${table}`];
  });
}

/** One result for each step, and one that an attempt of this very step was given. */
function checkResults(core: SqliteCore, acts: readonly Act[]): string[] {
  const receipts = new Set(acts.map((act) => `${act.run} ${act.step} ${act.receipt}`));
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
      : [`"${key}" of ${id} holds ${recorded}, which no attempt of it was given`];
  });
}

/**
 * No result of a worker's attempt is recorded when that worker was declared dead since and an heir acts for the run. The
 * moment of the declaration alone proves nothing: it was read before the rows were locked. The worker may have joined anew
 * since then, and what it began before does not count for that.
 */
function checkFences(core: SqliteCore, acts: readonly Act[]): string[] {
  const workers = core.db.all<{ name: string; started_at: number; died_at: number | null }>(
    "select name, started_at, died_at from workers order by started_at",
  );
  const byReceipt = new Map(acts.map((act) => [act.receipt, act]));
  const byRun = Map.groupBy(acts, (act) => act.run);
  const results = core.db.all<{ id: string; key: string; value: string; at: number }>(
    `select r.id, s.key, s.value, s.at from steps s join runs r on r.no = s.run
     where s.kind in (0, 11) and s.outcome = 0 and s.value is not null`,
  );
  return results.flatMap(({ id, key, value, at }) => {
    const act = byReceipt.get(JSON.parse(value) as string);
    if (act === undefined) return [];
    const worker = workers.findLast(({ name, started_at }) => name.endsWith(`:${act.pid}`) && started_at <= act.at);
    const diedAt = worker?.died_at ?? Number.POSITIVE_INFINITY;
    const heir = byRun.get(id)?.find((other) => other.pid !== act.pid && diedAt < other.at && other.at < at);
    return heir === undefined
      ? []
      : [`"${key}" of ${id} was recorded for process ${act.pid} when ${heir.pid} had taken the run over`];
  });
}

/** The world saw undos of recorded steps only, newest first. */
function checkUndos(core: SqliteCore, acts: readonly Act[]): string[] {
  const done = new Set(
    core.db
      .all<{ id: string; key: string }>(
        "select r.id, s.key from steps s join runs r on r.no = s.run where s.kind = 0 and s.outcome = 0",
      )
      .map(({ id, key }) => `${id} ${key}`),
  );
  const undos = Map.groupBy(
    acts.filter((act) => act.isUndo),
    (act) => act.run,
  );
  return [...undos].flatMap(([run, some]) => {
    const keys = [...new Set(some.map((act) => act.step.slice("undo:".length)))];
    const strangers = keys.filter((key) => !done.has(`${run} ${key}`));
    const places = keys.map((key) => sagaSteps.indexOf(key as (typeof sagaSteps)[number]));
    const isReversed = places.every((place, i) => i === 0 || place < (places[i - 1] ?? 0));
    return [
      ...strangers.map((key) => `"${key}" of ${run} was undone and never recorded`),
      ...(isReversed ? [] : [`${run} was undone in the order ${keys.join(", ")}`]),
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
    .map((row) => `${row.id} has booked ${counts.get(row.id) ?? 0} times`);
}

/** After an acknowledged cancel nothing goes forward but what was under way. */
function checkCancels({ clients, acts, doubts, leaseMs }: Witnesses): string[] {
  const cancelled = new Map(
    clients.runs
      .filter((run) => run.cancel?.answer === "ok")
      .flatMap(({ ids, cancel }) => [...ids].map((id) => [id, cancel?.at ?? 0] as const)),
  );
  return acts
    .filter((act) => act.startedAt > (cancelled.get(act.run) ?? Number.POSITIVE_INFINITY) + leaseMs + cancelGraceMs)
    .filter((act) => !act.isUndo && !isDoubtful(act, doubts))
    .map(
      (act) => `"${act.step}" of ${act.run} began ${act.startedAt - (cancelled.get(act.run) ?? 0)} ms after its cancel`,
    );
}

/**
 * No more acts of a lane at once than its limit. A worker that has lost its lease without knowing may still have called the
 * world; with it the limit may look exceeded, without it never.
 */
function checkLimits({ acts, doubts }: Witnesses): Omit<Findings, "ends"> {
  const problems: string[] = [];
  let zombieOverlaps = 0;
  let fullLanes = 0;
  const lanes = Map.groupBy(
    acts.filter((act) => act.lane !== null),
    (act) => act.lane,
  );
  for (const [lane, some] of lanes) {
    for (const act of some) {
      const together = some.filter((other) => other.startedAt <= act.startedAt && act.startedAt < endOf(other));
      const count = new Set(together.map((each) => each.run)).size;
      if (count === laneLimit) fullLanes += 1;
      if (count <= laneLimit) continue;
      const sure = together.filter((each) => !isDoubtful(each, doubts));
      const runs = new Set(sure.map((each) => each.run));
      if (runs.size > laneLimit) problems.push(`${runs.size} runs of ${lane} acted at once: ${[...runs].join(", ")}`);
      else zombieOverlaps += 1;
    }
  }
  return { problems, zombieOverlaps, fullLanes };
}

function endOf(act: Act): number {
  return act.endedAt ?? Number.POSITIVE_INFINITY;
}

function isDoubtful(act: Act, doubts: readonly Doubt[]): boolean {
  return doubts.some(
    ({ pid, from, until }) => (pid === null || pid === act.pid) && from <= endOf(act) && act.startedAt <= until,
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
