import { outcomeCode } from "../stores/sql/codes.ts";
import type { Evidence } from "./evidence.ts";
import type { Carelessness } from "./scope-workloads.ts";
import type { Violation } from "./violation.ts";

/** INV-50 and up: what a branch that loses, fails or is cancelled leaves behind. */
export function checkScopes(evidence: Evidence): readonly Violation[] {
  return [...checkLosers(evidence), ...checkSiblings(evidence), ...checkIgnored(evidence), ...checkCleanups(evidence)];
}

/** INV-50: no child of a losing branch outlives the race. */
function checkLosers({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; parent: string; ended: string | null }>(
      `select c.id, p.id as parent, c.ended from runs c join runs p on p.no = c.parent
       join definitions d on d.no = p.definition join definitions k on k.no = c.definition
       where d.name = 'forker' and k.name = 'sleeper' and p.ended = 'completed' and c.ended is not 'cancelled'`,
    )
    .map((row) => ({
      invariant: "INV-50",
      detail: `${row.id} is ${row.ended}, but the branch of ${row.parent} that awaited it has lost`,
    }));
}

/** INV-51: once the code has caught the failure of a map, no other item of it begins anything. */
function checkSiblings({ core, history }: Evidence): Violation[] {
  const ids = new Set(
    core.db
      .all<{ id: string }>("select r.id from runs r join definitions d on d.no = r.definition where d.name = 'batcher'")
      .map((row) => row.id),
  );
  const caughtAt = new Map<string, number>();
  const found: Violation[] = [];
  for (const fact of history.facts) {
    if (fact.type !== "start" || !ids.has(fact.run)) continue;
    if (fact.key === "caught") caughtAt.set(fact.run, Math.max(caughtAt.get(fact.run) ?? 0, fact.fence));
    const fence = caughtAt.get(fact.run);
    // A holder that was replaced may still begin something: it does not know what the code has caught since.
    if (fact.key.startsWith("items[") && fence !== undefined && fact.fence >= fence)
      found.push({ invariant: "INV-51", detail: `"${fact.key}" of ${fact.run} began after the map had failed` });
  }
  return found;
}

/** INV-52: a run does not complete while a failure of its own is ignored, and one that is awaited late does not fail it. */
function checkIgnored({ core }: Evidence): Violation[] {
  const runs = core.db.all<{
    id: string;
    input: string | null;
    ended: string | null;
    error: string | null;
    round: number;
  }>(
    `select r.id, r.input, r.ended, r.error, r.round from runs r join definitions d on d.no = r.definition where d.name = 'careless'`,
  );
  return runs.flatMap(({ id, input, ended, error, round }) => {
    const what = JSON.parse(input ?? "null") as Carelessness;
    const bad = (detail: string): Violation[] => [{ invariant: "INV-52", detail: `${id} ${what}: ${detail}` }];
    // A resumed run runs the step again, and may end while that is unfinished.
    if (what === "ignores" && ended === "completed" && !isUnfinished(core, id)) return bad("completed");
    if (what === "awaits late" && ended === "failed") return bad(`failed with ${error}`);
    if (what === "rejects" && ended === "completed" && round === 0) return bad("completed in its first round");
    return [];
  });
}

function isUnfinished(core: Evidence["core"], id: string): boolean {
  const last = core.db.get<{ outcome: number }>(
    "select s.outcome from steps s join runs r on r.no = s.run where r.id = ? and s.key = 'ignored' order by s.seq desc limit 1",
    id,
  );
  return last?.outcome === outcomeCode.abandoned;
}

interface CleanerRow {
  readonly key: string;
  readonly kind: number;
  readonly seq: number;
}

/**
 * INV-53 and 54: what a lost branch registered is called, and its step is undone; the cleanups of the run are called if
 * it does not complete, once in each round; those of code that has returned are not.
 */
function checkCleanups({ core }: Evidence): Violation[] {
  const { db } = core;
  const runs = db.all<{ no: number; id: string; ended: string | null; round: number }>(
    "select r.no, r.id, r.ended, r.round from runs r join definitions d on d.no = r.definition where d.name = 'cleaner'",
  );
  return runs.flatMap(({ no, id, ended, round }) => {
    const rows = db.all<CleanerRow & Record<string, unknown>>(
      "select key, kind, seq from steps where run = ? and outcome = 0 order by seq",
      no,
    );
    const has = (key: string): boolean => rows.some((row) => row.key === key && row.kind !== undoKind);
    const calls = (key: string): number =>
      rows.filter((row) => row.key === `undo:${key}` && row.kind === undoKind).length;
    const found: Violation[] = [];
    const bad = (invariant: string, detail: string): number =>
      found.push({ invariant, detail: `${id}, ${ended} in round ${round}: ${detail}` });
    const hasLost = has("race");
    for (const key of ["race/slow/unlock", "close"]) {
      const isStopped = ended !== "completed" || (key !== "close" && hasLost);
      if (has(key) && isStopped && calls(key) === 0) bad("INV-53", `"${key}" was not cleaned up`);
      if (calls(key) > round + 1) bad("INV-53", `"${key}" was cleaned up ${calls(key)} times`);
    }
    if (ended === "completed" && has("race/slow/book") && calls("race/slow/book") !== 1)
      bad("INV-54", `the step of the lost branch was undone ${calls("race/slow/book")} times`);
    if (ended === "completed" && round === 0 && calls("close") > 0)
      bad("INV-53", "it was cleaned up although it completed");
    if (hasLost && calls("race/quick/fine") > 0) bad("INV-53", "the branch that won was cleaned up");
    return found;
  });
}

/** The kind of an undo or a called cleanup, as stored. */
const undoKind = 11;
