import type { RunFlow } from "../kernel/model/flow.ts";
import type { SqliteCore } from "../stores/sqlite/core.ts";
import type { Evidence } from "./evidence.ts";
import { fatMax, sagaSteps, stubbornRetry, throttleMs } from "./recovery-workloads.ts";
import type { Violation } from "./violation.ts";

/** INV-14 to 24 and 33 to 37: the guarantees of recovery, compensation, retries and limits. */
export function checkRecovery(evidence: Evidence): readonly Violation[] {
  return [
    ...checkRetries(evidence),
    ...checkInputs(evidence),
    ...checkCancels(evidence),
    ...checkDivergence(evidence),
    ...checkSizes(evidence),
    ...checkSlots(evidence),
    ...checkThrottle(evidence),
    ...checkBulks(evidence),
    ...checkCompensations(evidence),
    ...checkFamilies(evidence),
  ];
}

function named(core: SqliteCore, name: string): readonly { no: number; id: string; ended: string | null }[] {
  return core.db.all(
    "select r.no, r.id, r.ended from runs r join definitions d on d.no = r.definition where d.name = ?",
    name,
  );
}

interface FailedAttempt {
  number: number;
  round: number;
  at: number;
}

/**
 * INV-14 to 16: attempts stay within their policy, no retry starts early, and an error that cannot be retried is not
 * retried.
 */
function checkRetries(evidence: Evidence): Violation[] {
  return [
    ...named(evidence.core, "stubborn").flatMap((run) => [
      ...tooMany(evidence, run, stubbornRetry.attempts, "INV-14"),
      ...tooEarly(evidence, run),
    ]),
    ...named(evidence.core, "hopeless").flatMap((run) => tooMany(evidence, run, 1, "INV-16")),
  ];
}

/** By round: setting a run going again gives it fresh attempts. */
function failuresOf({ core }: Evidence, run: number): ReadonlyMap<number, readonly FailedAttempt[]> {
  const rows = core.db.all<FailedAttempt & Record<string, unknown>>(
    "select number, round, at from attempts where run = ? and charged = 1 order by number",
    run,
  );
  return Map.groupBy(rows, (row) => row.round);
}

function tooMany(evidence: Evidence, run: { no: number; id: string }, max: number, invariant: string): Violation[] {
  return [...failuresOf(evidence, run.no).values()]
    .filter((failures) => failures.length > max)
    .map((failures) => ({ invariant, detail: `${run.id} had ${failures.length} attempts of at most ${max}` }));
}

function tooEarly(evidence: Evidence, run: { no: number; id: string }): Violation[] {
  const found: Violation[] = [];
  for (const failures of failuresOf(evidence, run.no).values()) {
    // After the last failure of a round only a person sets the run going again, at any time.
    for (const [i, failure] of failures.slice(0, -1).entries()) {
      const base = Math.min(stubbornRetry.max, stubbornRetry.first * 2 ** i);
      const next = evidence.history.facts.find(
        (fact) => fact.type === "start" && fact.run === run.id && fact.number === failure.number + 1,
      );
      if (next !== undefined && next.at < failure.at + base) {
        const waited = next.at - failure.at;
        found.push({ invariant: "INV-15", detail: `${run.id} was retried after ${waited} of ${base} ms` });
      }
    }
  }
  return found;
}

/** INV-17: the recorded input of a step is derived from what was recorded before it. */
function checkInputs({ core }: Evidence): Violation[] {
  const steps = core.db.all<{ id: string; value: string; input: string | null }>(
    `select r.id, s.value, t.input from runs r join definitions d on d.no = r.definition
       join steps s on s.run = r.no and s.key = 'source' join steps t on t.run = r.no and t.key = 'target'
     where d.name = 'mapped' and t.outcome = 0`,
  );
  return steps
    .filter((row) => row.input !== `{"from":${row.value}}`)
    .map((row) => ({
      invariant: "INV-17",
      detail: `${row.id}: recorded input ${row.input} does not match the source value ${row.value}`,
    }));
}

/** INV-19 and 20: after an acknowledged cancel no later holder starts a step, and a cancelled run does not complete. */
function checkCancels(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const { db } = evidence.core;
  const cancelled = new Map<string, number>();
  const fences = new Map<string, number>();
  const ids = new Map(db.all<{ no: number; id: string }>("select no, id from runs").map((row) => [row.no, row.id]));
  for (const fact of evidence.history.facts) {
    if (fact.type === "claim") fences.set(ids.get(fact.run) ?? "", fact.fence);
    if (fact.type === "client" && fact.operation === "cancel" && fact.answer === "ok" && !cancelled.has(fact.subject))
      cancelled.set(fact.subject, fences.get(fact.subject) ?? 0);
    if (fact.type !== "start" || fact.key.startsWith("undo:")) continue;
    const fence = cancelled.get(fact.run);
    if (fence !== undefined && fact.fence > fence)
      found.push({
        invariant: "INV-19",
        detail: `"${fact.key}" of ${fact.run} started under fence ${fact.fence}, after its cancel was acknowledged`,
      });
  }
  for (const row of db.all<{ id: string }>(
    "select r.id from runs r where r.ended = 'completed' and exists (select 1 from history h where h.run = r.no and h.kind = 'cancel')",
  ))
    found.push({ invariant: "INV-20", detail: `${row.id} was cancelled and then completed` });
  return found;
}

/** INV-23: a run whose code disagrees with its history is halted; it neither fails nor continues. */
function checkDivergence({ core }: Evidence): Violation[] {
  const both = core.db.all<{ id: string; keys: string }>(
    `select r.id, group_concat(distinct s.key) as keys from runs r join definitions d on d.no = r.definition join steps s on s.run = r.no
     where d.name = 'fickle' and s.key like 'in %' group by r.id having count(distinct s.key) > 1`,
  );
  const failed = named(core, "fickle").filter((run) => run.ended === "failed");
  return [
    ...both.map((row) => ({ invariant: "INV-23", detail: `${row.id} diverged and continued with ${row.keys}` })),
    ...failed.map((run) => ({ invariant: "INV-23", detail: `${run.id} failed instead of being halted` })),
  ];
}

/** INV-24: a value that is too large is refused before anything is written. */
function checkSizes({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; bytes: number }>(
      `select r.id, length(s.value) as bytes from steps s join runs r on r.no = s.run join definitions d on d.no = r.definition
       where d.name = 'fat' and length(s.value) > ${fatMax} and s.outcome = 0`,
    )
    .map((row) => ({ invariant: "INV-24", detail: `${row.id} recorded ${row.bytes} bytes of at most ${fatMax}` }));
}

/** INV-33: no limit is exceeded at any time, and when all runs have ended no slot is held and no run is queued. */
function checkSlots(evidence: Evidence): Violation[] {
  const { db } = evidence.core;
  const over = evidence.history.facts
    .filter((fact) => fact.type === "over")
    .map((fact) => ({
      invariant: "INV-33",
      detail: `${fact.active} runs of "${fact.key}" were leased at once, the limit is ${fact.limit}`,
    }));
  const left = db
    .all<{ key: string; id: string }>(
      "select s.key, r.id from slots s join runs r on r.no = s.run where r.ended is not null",
    )
    .map((row) => ({ invariant: "INV-33", detail: `${row.id} has ended and still holds a slot of "${row.key}"` }));
  return [...over, ...left];
}

interface Place {
  id: string;
  /** When it may start, or could have. */
  at: number;
  created_at: number;
  ended_at: number;
  /** Cancelled before that time: nothing started then. */
  isFree: boolean;
}

/** INV-59: no two throttled starts are too close, and no place stays empty that a later start could have taken. */
function checkThrottle({ core }: Evidence): Violation[] {
  const rows = core.db.all<Omit<Place, "at" | "isFree"> & { flow: string | null; ended: string | null; fence: number }>(
    `select r.id, r.flow, r.ended, r.fence, r.created_at, r.ended_at from runs r join definitions d on d.no = r.definition
     where d.name = 'throttled' order by r.created_at`,
  );
  const places = rows.map(({ flow, ended, fence, ...row }): Place => {
    const at = (JSON.parse(flow ?? "{}") as RunFlow).throttle?.at ?? row.created_at;
    return { ...row, at, isFree: ended === "cancelled" && row.ended_at < at && fence <= 1 };
  });
  const used = places.filter((place) => !place.isFree).toSorted((a, b) => a.at - b.at);
  const close = used.flatMap((place, i) => {
    const before = used[i - 1];
    if (before === undefined || place.at - before.at >= throttleMs) return [];
    return [{ invariant: "INV-59", detail: `${place.id} starts ${place.at - before.at} ms after ${before.id}` }];
  });
  // Others may have taken the place and given it back in between.
  const isTaken = (at: number, time: number): boolean =>
    places.some((each) => each.at === at && each.created_at <= time && (!each.isFree || each.ended_at > time));
  const empty = places.flatMap((free) => {
    if (!free.isFree || used.some(({ at }) => Math.abs(at - free.at) < throttleMs)) return [];
    const later = places.find(
      ({ created_at, at }) =>
        created_at > free.ended_at && created_at < free.at && at > free.at && !isTaken(free.at, created_at),
    );
    if (later === undefined) return [];
    return [{ invariant: "INV-59", detail: `${later.id} waits although ${free.id} gave back an earlier place` }];
  });
  return [...close, ...empty];
}

/** INV-35: a bulk operation acts on each run at most once. */
function checkBulks({ core }: Evidence): Violation[] {
  return core.db
    .all<{ run_id: string; acts: number; bulks: number }>(
      `select a.run_id, count(*) as acts, (select count(*) from bulk_runs b where b.run = a.run and b.outcome = 'done') as bulks
       from audit a where a.verb = 'redrive' and a.run is not null group by a.run having acts > bulks`,
    )
    .map((row) => ({
      invariant: "INV-35",
      detail: `${row.run_id} was redriven ${row.acts} times by ${row.bulks} bulk operations`,
    }));
}

interface UndoRow {
  key: string;
  seq: number;
}

/** INV-36: only recorded steps are compensated, newest first, each once, and the run's reason reports it. */
function checkCompensations({ core }: Evidence): Violation[] {
  const found: Violation[] = [];
  const { db } = core;
  const runs = db.all<{ no: number; id: string; ended: string | null; reason: string | null }>(
    "select r.no, r.id, r.ended, r.reason from runs r join definitions d on d.no = r.definition where d.name = 'saga'",
  );
  for (const run of runs) {
    const done = db.all<UndoRow>(
      "select key, seq from steps where run = ? and kind = 0 and outcome = 0 order by seq",
      run.no,
    );
    const undos = db
      .all<UndoRow>("select key, seq from steps where run = ? and kind = 11 and outcome = 0 order by seq", run.no)
      .map(({ key, seq }) => ({ key: key.slice("undo:".length), seq }));
    const bad = (detail: string): void => {
      found.push({ invariant: "INV-36", detail: `${run.id}: ${detail}` });
    };
    const order = undos.map((undo) => undo.key);
    if (new Set(order).size < order.length) bad(`compensated twice: ${order.join(", ")}`);
    const places = order.map((key) => sagaSteps.indexOf(key as (typeof sagaSteps)[number]));
    if (places.some((place, i) => i > 0 && place >= (places[i - 1] ?? 0)))
      bad(`compensated in the order ${order.join(", ")}`);
    const { code = "" } = run.reason === null ? {} : (JSON.parse(run.reason) as { code?: string });
    if (undos.length > 0 && code !== "compensated" && code !== "compensation-failed")
      bad(`${undos.length} steps were compensated, but the run is ${run.ended} with reason ${code}`);
    if (code !== "compensated") continue;
    for (const { key } of done) {
      const isUndoable = (sagaSteps as readonly string[]).includes(key);
      if (isUndoable && !order.includes(key)) bad(`"${key}" was completed and not compensated`);
    }
  }
  return found;
}

/** INV-37: the cancel of a parent reaches every child that has not ended by then. */
function checkFamilies({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; parent: string; ended: string | null }>(
      `select c.id, p.id as parent, c.ended from runs c join runs p on p.no = c.parent
       where p.ended = 'cancelled' and c.ended is not 'cancelled' and coalesce(c.ended_at, 9e15) > p.ended_at
         and not exists (select 1 from inbox i where i.run = c.no and i.kind = 'cancel')
         and not exists (select 1 from joins j where j.run = c.no)`,
    )
    .map((row) => ({
      invariant: "INV-37",
      detail: `${row.id} is ${row.ended}, but its parent ${row.parent} was cancelled first`,
    }));
}
