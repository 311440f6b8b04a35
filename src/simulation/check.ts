import { checkChains } from "./check-chains.ts";
import { checkRecovery } from "./check-recovery.ts";
import { checkScopes } from "./check-scopes.ts";
import type { Evidence } from "./evidence.ts";
import type { Recorded } from "./history.ts";
import { leaseMs } from "./process.ts";
import { checkVersions } from "./rollout.ts";
import { checkRouting } from "./routing.ts";
import { checkSchedules } from "./schedules.ts";
import type { Violation } from "./violation.ts";

/** The recorded facts of one type. */
type FactOf<T extends Recorded["type"]> = Extract<Recorded, { type: T }>;

/** Reads a finished history and its store, and reports every invariant violation. */
export function check(evidence: Evidence): readonly Violation[] {
  return [
    ...checkFences(evidence),
    ...checkTakeovers(evidence),
    ...checkResults(evidence),
    ...checkStarts(evidence),
    ...checkKeys(evidence),
    ...checkEnds(evidence),
    ...checkEvents(evidence),
    ...checkStore(evidence),
    ...checkClients(evidence),
    ...checkPromises(evidence),
    ...checkVersions(evidence),
    ...checkRecovery(evidence),
    ...checkChains(evidence),
    ...checkRouting(evidence),
    ...checkScopes(evidence),
    ...checkSchedules(evidence.core),
  ];
}

function factsOf<T extends Recorded["type"]>(evidence: Evidence, type: T): FactOf<T>[] {
  return evidence.history.facts.filter((fact): fact is FactOf<T> => fact.type === type);
}

/** INV-01 and INV-03 to 05: fences rise with each claim, and only the newest fence can write. */
function checkFences(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const fences = new Map<number, number>();
  for (const fact of evidence.history.facts) {
    if (fact.type === "claim") {
      if (fact.fence <= (fences.get(fact.run) ?? 0))
        found.push({
          invariant: "INV-01",
          detail: `run ${fact.run} was claimed with fence ${fact.fence} after ${fences.get(fact.run)}`,
        });
      fences.set(fact.run, fact.fence);
    }
    if ((fact.type === "commit" || fact.type === "leave") && fact.fence !== fences.get(fact.run)) {
      found.push({
        invariant: "INV-03",
        detail: `run ${fact.run}: a ${fact.type} with fence ${fact.fence} was accepted under ${fences.get(fact.run)}`,
      });
    }
  }
  return found;
}

/** INV-02: no run is taken from a worker whose lease has not expired by the store's clock. */
function checkTakeovers(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const holders = new Map<number, number>();
  const workers = new Map(
    evidence.core.db
      .all<{ incarnation: number; expires_at: number; started_at: number }>(
        "select incarnation, expires_at, started_at from workers",
      )
      .map((row) => [row.incarnation, row]),
  );
  for (const fact of evidence.history.facts) {
    if (fact.type === "leave") holders.delete(fact.run);
    if (fact.type !== "claim") continue;
    const holder = holders.get(fact.run);
    const lease = holder === undefined ? undefined : workers.get(holder);
    // A dead worker's row keeps its last renewal: its runs must have been taken after that.
    if (lease !== undefined && holder !== fact.worker && fact.at < lease.expires_at) {
      found.push({
        invariant: "INV-02",
        detail: `run ${fact.run} was taken from worker ${holder} at ${fact.at}, but its lease of ${leaseMs} ms expires at ${lease.expires_at}`,
      });
    }
    holders.set(fact.run, fact.worker);
  }
  return found;
}

/** INV-07, 08, 21 and 45: a key has one result, made by an effect of that key, and kept as acknowledged. */
function checkResults(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const { db } = evidence.core;
  const effects = new Map(factsOf(evidence, "effect").map((fact) => [fact.value, fact]));
  const ids = runIds(evidence);
  const rows = new Map(
    db
      .all<{ run: number; seq: number; key: string; value: string | null }>("select run, seq, key, value from steps")
      .map((row) => [`${row.run} ${row.seq}`, row]),
  );
  const results = new Map<string, string>();
  for (const fact of factsOf(evidence, "commit")) {
    const row = rows.get(`${fact.run} ${fact.seq}`);
    if (row === undefined || row.key !== fact.key || row.value !== fact.value) {
      found.push({
        invariant: "INV-45",
        detail: `run ${fact.run}: "${fact.key}" was acknowledged with ${fact.value}, but the store has ${row?.key} ${row?.value}`,
      });
    }
    // A resumed run may be cleaned up again: see INV-53.
    if (fact.outcome !== "ok" || fact.key.startsWith("undo:")) continue;
    const key = `${fact.run} ${fact.key}`;
    const known = results.get(key);
    if (known !== undefined && known !== `${fact.seq}`)
      found.push({
        invariant: "INV-07",
        detail: `run ${fact.run}: "${fact.key}" has results at ${known} and ${fact.seq}`,
      });
    results.set(key, `${fact.seq}`);
    const value: unknown = fact.value === null ? null : JSON.parse(fact.value);
    if (typeof value !== "string" || !value.startsWith(ids.get(fact.run) ?? "?")) continue;
    const effect = effects.get(value);
    if (effect !== undefined && effect.run !== ids.get(fact.run))
      found.push({ invariant: "INV-08", detail: `run ${fact.run}: "${fact.key}" holds the output of ${effect.run}` });
  }
  return found;
}

function runIds(evidence: Evidence): ReadonlyMap<number, string> {
  return new Map(
    evidence.core.db.all<{ no: number; id: string }>("select no, id from runs").map((row) => [row.no, row.id]),
  );
}

/**
 * INV-09, 12, 13 and 14: a recorded step does not run again, and no step runs more often than its failures and
 * takeovers explain.
 */
function checkStarts(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const ids = runIds(evidence);
  const committed = new Map<string, number>();
  const starts = new Map<string, number>();
  const isRepeated = repeatedCleanups(evidence);
  const failures = new Map<string, number>();
  const claims = new Map<string, number>();
  const count = (map: Map<string, number>, key: string): void => {
    map.set(key, (map.get(key) ?? 0) + 1);
  };
  for (const fact of evidence.history.facts) {
    if (fact.type === "claim") count(claims, ids.get(fact.run) ?? "");
    if (fact.type === "attempt" && fact.outcome !== "lost") count(failures, `${ids.get(fact.run)} ${fact.key}`);
    // A step that was stopped with its branch runs again if the run is resumed.
    if (fact.type === "commit" && fact.outcome === "abandoned") count(failures, `${ids.get(fact.run)} ${fact.key}`);
    if (fact.type === "commit" && fact.outcome === "ok") committed.set(`${ids.get(fact.run)} ${fact.key}`, fact.fence);
    if (fact.type !== "start" || isRepeated(fact.run, fact.key)) continue;
    const key = `${fact.run} ${fact.key}`;
    count(starts, key);
    const fence = committed.get(key);
    if (fence !== undefined && fact.fence >= fence)
      found.push({
        invariant: "INV-09",
        detail: `"${fact.key}" of ${fact.run} ran again under fence ${fact.fence} after its result of fence ${fence}`,
      });
  }
  for (const [key, n] of starts) {
    const run = key.split(" ")[0] ?? "";
    const allowed = 1 + (failures.get(key) ?? 0) + (claims.get(run) ?? 0);
    if (n > allowed)
      found.push({
        invariant: "INV-13",
        detail: `${key} started ${n} times, failures and takeovers explain ${allowed}`,
      });
    if (isFaultless(evidence) && n > 1 + (failures.get(key) ?? 0))
      found.push({ invariant: "INV-12", detail: `${key} started ${n} times without any fault` });
  }
  return found;
}

/** The steps that are cleanups of a run that was resumed after it had been cleaned up: they may be called again. */
function repeatedCleanups(evidence: Evidence): (run: string, key: string) => boolean {
  const rows = evidence.core.db.all<{ id: string }>(
    `select distinct r.id from steps s join runs r on r.no = s.run where s.kind = 10 and s.value like '%"repeatsCleanups":true%'`,
  );
  const ids = new Set(rows.map((row) => row.id));
  return (run, key) => key.startsWith("undo:") && ids.has(run);
}

function isFaultless(evidence: Evidence): boolean {
  const { faults } = evidence;
  return (
    faults.crashAfter +
      faults.crashBefore +
      faults.lostAnswer +
      faults.lostRequest +
      faults.slow +
      faults.pauseEveryMs +
      faults.poisonRuns ===
      0 && !faults.hasSnapshotReads
  );
}

/** INV-11: all attempts of a step share one idempotency key, and no two steps share one. */
function checkKeys(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const owners = new Map<string, string>();
  const isRepeated = repeatedCleanups(evidence);
  const keys = new Map<string, string>();
  for (const fact of factsOf(evidence, "start")) {
    const step = `${fact.run} ${fact.key}`;
    const owner = owners.get(fact.idempotencyKey);
    if (owner !== undefined && owner !== step)
      found.push({ invariant: "INV-11", detail: `${owner} and ${step} share the key ${fact.idempotencyKey}` });
    owners.set(fact.idempotencyKey, step);
    const key = keys.get(step);
    if (key !== undefined && key !== fact.idempotencyKey && !isRepeated(fact.run, fact.key))
      found.push({ invariant: "INV-11", detail: `${step} ran under ${key} and ${fact.idempotencyKey}` });
    keys.set(step, fact.idempotencyKey);
  }
  for (const fact of factsOf(evidence, "effect")) {
    if (!owners.has(fact.idempotencyKey))
      found.push({
        invariant: "INV-11",
        detail: `the world received the key ${fact.idempotencyKey}, which no attempt had`,
      });
  }
  return found;
}

/** INV-18: a round has one end, and the acknowledged end is the one in the store. */
function checkEnds(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const { db } = evidence.core;
  const lastEnd = new Map<number, string>();
  for (const fact of evidence.history.facts) {
    if (fact.type === "claim") {
      const end = lastEnd.get(fact.run);
      if (end === "completed" || end === "cancelled")
        found.push({ invariant: "INV-18", detail: `run ${fact.run} was claimed after it was ${end}` });
      lastEnd.delete(fact.run);
    }
    if (fact.type !== "leave" || !isEnd(fact.state)) continue;
    if (lastEnd.has(fact.run))
      found.push({
        invariant: "INV-18",
        detail: `run ${fact.run} was ${lastEnd.get(fact.run)} and then ${fact.state}`,
      });
    lastEnd.set(fact.run, fact.state);
  }
  for (const [run, end] of lastEnd) {
    const row = db.get<{ ended: string | null; round: number }>("select ended, round from runs where no = ?", run);
    // Reopened and then cancelled before it was leased: an action on an idle run, which no commit of a holder shows.
    const isCancelledIdle = end === "failed" && row?.ended === "cancelled" && row.round > 0;
    if (row?.ended === end || isCancelledIdle) continue;
    found.push({ invariant: "INV-18", detail: `run ${run} ended ${end}, but the store has ${row?.ended}` });
  }
  return found;
}

function isEnd(state: string): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** INV-26 and 27: an event goes to one wait of a run, and never to a run that started after it. */
function checkEvents(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const { db } = evidence.core;
  const early = db.all<{ id: string; ref: string }>(
    "select r.id, i.ref from inbox i join runs r on r.no = i.run where i.kind = 'event' and cast(i.ref as integer) <= r.event_floor",
  );
  for (const row of early)
    found.push({ invariant: "INV-25", detail: `${row.id} got event ${row.ref}, which is older than the run` });
  const consumed = new Set<string>();
  for (const row of db.all<{ run: number; value: string | null }>(
    "select run, value from steps where kind = 4 and value is not null and value <> 'null'",
  )) {
    const { id } = JSON.parse(row.value ?? "{}") as { id: string };
    const key = `${row.run} ${id}`;
    if (consumed.has(key)) found.push({ invariant: "INV-26", detail: `run ${row.run} consumed event ${id} twice` });
    consumed.add(key);
  }
  return found;
}

/** INV-30, 31, 34 and the counters: the store's own check of its rows. */
function checkStore(evidence: Evidence): Violation[] {
  const leftWaits = evidence.core.db
    .all<{ id: string; key: string }>(
      "select r.id, w.key from waits w join runs r on r.no = w.run where r.ended in ('completed', 'cancelled')",
    )
    .map((row) => ({ invariant: "INV-27", detail: `${row.id} has ended and still waits for "${row.key}"` }));
  const violations = evidence.core
    .query("violations", {})
    .map((violation) => ({ invariant: "INV-30", detail: `${violation.id} ${violation.problem}` }));
  const open = evidence.core.db
    .all<{ id: string; name: string; state: number; reason: string | null }>(
      "select r.id, d.name, l.state, l.reason from live l join runs r on r.no = l.run join definitions d on d.no = r.definition",
    )
    .map((row) => ({
      invariant: "INV-31",
      detail: `${row.name} ${row.id} has not ended: state ${row.state} ${row.reason ?? ""}`,
    }));
  const children = evidence.core.db
    .all<{ parent: number; parent_key: string; n: number }>(
      "select parent, parent_key, count(*) as n from runs where parent is not null group by parent, parent_key having n > 1",
    )
    .map((row) => ({
      invariant: "INV-37",
      detail: `run ${row.parent} has ${row.n} children under "${row.parent_key}"`,
    }));
  return [...violations, ...open, ...children, ...leftWaits];
}

/** INV-45: what was acknowledged to a client is stored, once. */
function checkClients(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const { db } = evidence.core;
  for (const run of evidence.clients.runs) {
    if (run.ids.size > 1)
      found.push({ invariant: "INV-45", detail: `the key ${run.key} started ${[...run.ids].join(" and ")}` });
    for (const id of run.ids) {
      if (db.get("select 1 from runs where id = ?", id) === undefined)
        found.push({ invariant: "INV-45", detail: `the acknowledged run ${id} is gone` });
    }
    const n = db.get<{ n: number }>("select count(*) as n from idempotency where key = ?", run.key)?.n ?? 0;
    if (n > 1) found.push({ invariant: "INV-45", detail: `the key ${run.key} is stored ${n} times` });
  }
  return found;
}

function isMeantToFail(name: string, { code, cause }: { code?: string; cause?: { code?: string } }): boolean {
  if (name === "fat") return cause?.code === "limit";
  return ["saga", "stubborn", "hopeless", "careless"].includes(name) && code !== "crash-loop";
}

/** INV-04, 20, 23: what the workloads check themselves, and that no run fails because of another. */
function checkPromises(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const rows = evidence.core.db.all<{
    id: string;
    name: string;
    ended: string | null;
    error: string | null;
    state: number | null;
    live_reason: string | null;
  }>(
    "select r.id, d.name, r.ended, r.error, l.state, l.reason as live_reason from runs r join definitions d on d.no = r.definition left join live l on l.run = r.no",
  );
  for (const row of rows) {
    if (row.name !== "fickle" && row.live_reason?.includes('"diverged"'))
      found.push({ invariant: "INV-23", detail: `${row.name} ${row.id} diverged: ${row.live_reason}` });
    if (row.ended !== "failed") continue;
    const error = JSON.parse(row.error ?? "{}") as { code?: string; message: string; cause?: { code?: string } };
    if (row.name === "poison" && error.code === "crash-loop") continue;
    if (isMeantToFail(row.name, error)) continue;
    found.push({
      invariant: error.code === "crash-loop" ? "INV-14" : "PROMISE",
      detail: `${row.name} ${row.id} failed: ${error.code ?? ""} ${error.message}`,
    });
  }
  return found;
}
