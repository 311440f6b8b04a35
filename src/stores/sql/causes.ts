import type { DeadGroup, Queries } from "../../kernel/ports/queries.ts";
import type { Context } from "./context.ts";
import { mapWork, type Work } from "./work.ts";

/** Maximum rows that all groups of one result may read, so that many causes cost no more than a few large ones. */
const rowsMax = 5_000;
/** Maximum rows per cause: enough for a chart of one day. */
const fellMax = 1_000;
/** Number of runs whose versions are listed. */
const versionsOf = 20;
/** Number of newest dead letters whose causes are read. */
const newestMax = 500;

/** Causes, ordered by their number of dead letters. */
export function* readGroups(context: Context, { limit }: Queries["deadGroups"]["params"]): Work<DeadGroup[]> {
  const rows = yield* context.db.all<{ fingerprint: string; n: number }>(
    "select fingerprint, count as n from causes order by count desc, fingerprint limit ?",
    limit,
  );
  const sample = sampleFor(rows.length);
  return (yield* mapWork(rows, function* (row) {
    return yield* toGroup(context, row, sample);
  })).flat();
}

/** Causes of the newest dead letters. The one first seen last comes first. */
export function* readNewestCauses(
  context: Context,
  { limit }: Queries["newestCauses"]["params"],
): Work<readonly DeadGroup[]> {
  const newest = yield* context.db.all<{ fingerprint: string }>(
    "select fingerprint from dead order by run desc limit ?",
    newestMax,
  );
  const fingerprints = [...new Set(newest.map((row) => row.fingerprint))].slice(0, limit);
  const groups = yield* mapWork(fingerprints, function* (fingerprint) {
    const row = yield* context.db.get<{ n: number }>(
      "select count as n from causes where fingerprint = ?",
      fingerprint,
    );
    return yield* toGroup(context, { fingerprint, n: row?.n ?? 0 }, sampleFor(fingerprints.length));
  });
  return groups.flat().toSorted((a, b) => b.firstAt - a.firstAt);
}

function sampleFor(groups: number): number {
  return Math.min(fellMax, Math.floor(rowsMax / Math.max(1, groups)));
}

/** The oldest and the newest dead letter of a cause are at the ends of its index. */
function* toGroup(
  context: Context,
  { fingerprint, n }: { fingerprint: string; n: number },
  sample: number,
): Work<DeadGroup[]> {
  const end = function* (order: "asc" | "desc") {
    return yield* context.db.get<{
      run: number;
      at: number;
      step: string | null;
      id: string;
      definition: number;
      error: string | null;
    }>(
      `select d.run, d.at, d.step, r.id, r.definition, r.error from dead d join runs r on r.no = d.run
       where d.fingerprint = ? order by d.run ${order} limit 1`,
      fingerprint,
    );
  };
  const [first, last] = [yield* end("asc"), yield* end("desc")];
  if (first === undefined || last === undefined) return [];
  const error = yield* context.payloads.whole(last.run, "error", last.error);
  return [
    {
      fingerprint,
      definition: (yield* context.definitions.ref(last.definition)).name,
      step: last.step,
      message: error === null ? "" : (JSON.parse(error) as { message: string }).message,
      count: n,
      // A resumed run fails again later, so the oldest run is not always the first that failed.
      firstAt: Math.min(first.at, last.at),
      lastAt: Math.max(first.at, last.at),
      sample: last.id,
      versions: yield* readVersionsOf(context, fingerprint),
      fellAt: (yield* context.db.all<{ at: number }>(
        "select at from dead where fingerprint = ? order by run desc limit ?",
        fingerprint,
        sample,
      )).map((row) => row.at),
    },
  ];
}

function* readVersionsOf(context: Context, fingerprint: string): Work<readonly number[]> {
  const rows = yield* context.db.all<{ definition: number }>(
    "select r.definition from dead d join runs r on r.no = d.run where d.fingerprint = ? order by d.run desc limit ?",
    fingerprint,
    versionsOf,
  );
  const versions = yield* mapWork(new Set(rows.map((row) => row.definition)), function* (no) {
    return (yield* context.definitions.ref(no)).version;
  });
  return [...new Set(versions)].sort((a, b) => b - a);
}
