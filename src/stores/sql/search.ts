import type { RunFilter } from "../../kernel/ports/queries.ts";
import { liveStatuses, state } from "./codes.ts";
import type { Context } from "./context.ts";
import { wordsOf } from "./dead.ts";
import { filterWork, listOf, mapWork, type Value, type Work } from "./work.ts";

/**
 * Finds runs among millions. Each filter is answered from the index that leaves the fewest rows to read, newest first
 * by run number. A filter that needs several index ranges, such as all versions of a name, merges a few such lookups.
 * Nothing here scans the large table of runs.
 */
interface Lookup {
  /** The column of the index with the run's number, which gives the order. */
  readonly no: string;
  /** Table and joins. `r` is the run. */
  readonly from: string;
  readonly where: readonly string[];
  readonly params: readonly Value[];
}

/** Numbers of the runs of one page, newest first. */
export function* findRuns(context: Context, filter: RunFilter): Work<readonly number[]> {
  if (filter.ids !== undefined) return yield* known(context, filter.ids);
  const lookups = yield* lookupsFor(context, filter);
  const found = (yield* mapWork(lookups, function* ({ no, from, where, params }) {
    return (yield* context.db.all<{ no: number }>(
      `select ${no} as no from ${from} where ${[...where, `${no} < ?`].join(" and ")} order by ${no} desc limit ?`,
      ...params,
      filter.before ?? Number.MAX_SAFE_INTEGER,
      filter.limit,
    )).map((row) => row.no);
  })).flat();
  return [...new Set(found)].sort((a, b) => b - a).slice(0, filter.limit);
}

function* known({ db }: Context, ids: readonly string[]): Work<readonly number[]> {
  if (ids.length === 0) return [];
  const marks = ids.map(() => "?").join(", ");
  const rows = yield* db.all<{ no: number }>(`select no from runs where id in (${marks}) order by no desc`, ...ids);
  return rows.map((row) => row.no);
}

/** Above this, the count of a filter without counters is not exact. */
export const countMax = 10_000;

/** Counts the matching runs: exact from the counters if they apply, otherwise exact up to 10,000. */
export function* countRuns(context: Context, filter: RunFilter): Work<{ count: number; isExact: boolean }> {
  const counted = yield* fromCounters(context, filter);
  if (counted !== null) return { count: counted, isExact: true };
  const seen = new Set<number>();
  for (const { no, from, where, params } of yield* lookupsFor(context, filter)) {
    const rows = yield* context.db.all<{ no: number }>(
      `select ${no} as no from ${from} where ${where.join(" and ") || "true"} limit ?`,
      ...params,
      countMax + 1,
    );
    for (const row of rows) seen.add(row.no);
  }
  return { count: Math.min(seen.size, countMax), isExact: seen.size <= countMax };
}

const hourMs = 3_600_000;

/** Filters by only workflow, version, status and whole hours are answered from counters. */
function* fromCounters(context: Context, filter: RunFilter): Work<number | null> {
  const { key, text, parent, attribute, fingerprint, createdFrom, createdTo, status } = filter;
  if (key !== undefined || text !== undefined || parent !== undefined || attribute !== undefined) return null;
  const definitions = yield* definitionsOf(context, filter);
  const inThem = definitions === null ? "true" : `definition in (${listOf(definitions)})`;
  const isTimed = createdFrom !== undefined || createdTo !== undefined;
  if (fingerprint !== undefined) {
    if (isTimed || status !== undefined || definitions !== null) return null;
    return (
      (yield* context.db.get<{ n: number }>("select count as n from causes where fingerprint = ?", fingerprint))?.n ?? 0
    );
  }
  const sum = function* (sql: string, ...params: Value[]): Work<number> {
    return (yield* context.db.get<{ n: number }>(sql, ...params))?.n ?? 0;
  };
  if (!isTimed && status === undefined)
    return yield* sum(`select coalesce(sum(count), 0) as n from counters where ${inThem}`);
  if (!isTimed)
    return yield* sum(`select coalesce(sum(count), 0) as n from counters where ${inThem} and status = ?`, status ?? "");
  const isWhole = (createdFrom ?? 0) % hourMs === 0 && (createdTo ?? 0) % hourMs === 0;
  if (status !== undefined || !isWhole) return null;
  return yield* sum(
    `select coalesce(sum(count), 0) as n from hours where ${inThem} and status = 'started' and hour >= ? and hour < ?`,
    (createdFrom ?? 0) / hourMs,
    (createdTo ?? Number.MAX_SAFE_INTEGER) / hourMs,
  );
}

function* definitionsOf(context: Context, { definition, version }: RunFilter): Work<readonly number[] | null> {
  if (definition === undefined) return null;
  const numbers = yield* context.definitions.numbersOf(definition);
  if (version === undefined) return numbers;
  return yield* filterWork(numbers, function* (no) {
    return (yield* context.definitions.ref(no)).version === version;
  });
}

function* lookupsFor(context: Context, filter: RunFilter): Work<readonly Lookup[]> {
  const definitions = yield* definitionsOf(context, filter);
  if (definitions !== null && definitions.length === 0) return [];
  const rest = yield* conditions(context, filter, definitions);
  const lookup = (from: string, ...own: [string, ...Value[]][]): Lookup => ({
    no: from.startsWith("runs") ? "r.no" : `${from.split(" ")[1]}.run`,
    // Without other conditions the table of runs need not be read.
    from: rest.where.length === 0 ? (from.split(" cross join ")[0] ?? from) : from,
    where: [...own.map(([sql]) => sql), ...rest.where],
    params: [...own.flatMap(([, ...params]) => params), ...rest.params],
  });
  const { text, fingerprint, attribute, key, parent, status } = filter;
  if (text !== undefined) return textLookups(text, lookup);
  if (fingerprint !== undefined)
    return [lookup("dead d cross join runs r on r.no = d.run", ["d.fingerprint = ?", fingerprint])];
  if (key !== undefined) return [lookup("runs r indexed by runs_by_key", ["r.key = ?", key])];
  if (parent !== undefined) return [lookup("runs r", ["r.parent = ?", parent])];
  if (attribute !== undefined) {
    return [
      lookup(
        "run_attributes a cross join runs r on r.no = a.run",
        ["a.name = ?", attribute.name],
        ["a.value = ?", attribute.value],
      ),
    ];
  }
  if (status !== undefined && isLive(status)) return [lookup("live l cross join runs r on r.no = l.run")];
  if (status === "failed" || status === "cancelled") return [lookup(`runs r indexed by runs_${status}`)];
  // One lookup per version: a combined one would need a sort.
  if (definitions !== null)
    return definitions.map((no) => lookup("runs r indexed by runs_by_definition", ["r.definition = ?", no]));
  return [lookup("runs r")];
}

function isLive(status: string): boolean {
  return status === "compensating" || (liveStatuses as readonly string[]).includes(status);
}

/** Maximum rows of one lookup by text. Anything beyond is older than anyone reads. */
const textMax = 10_000;

/** Searches for the beginning of an ID or a key, any part of a key among the newest runs, or the words of an error. */
function textLookups(
  text: string,
  lookup: (from: string, ...own: [string, ...Value[]][]) => Lookup,
): readonly Lookup[] {
  const among = (sql: string, ...params: Value[]): Lookup =>
    lookup("runs r", [`r.no in (select no from (${sql} limit ${textMax}) found)`, ...params]);
  const id = text.startsWith("run_") ? text : `run_${text}`;
  const words = wordsOf(text);
  return [
    ...("run_".startsWith(text) ? [lookup("runs r")] : []),
    among("select no from runs where id >= ? and id < ? order by id desc", id, `${id}\u{10FFFF}`),
    among("select no from runs where key >= ? and key < ?", text, `${text}\u{10FFFF}`),
    lookup("runs r", [
      `r.no > (select max(no) from runs) - ${textMax} and r.key is not null and lower(r.key) like ? escape '!'`,
      `%${text.toLowerCase().replace(/[!%_]/g, "!$&")}%`,
    ]),
    ...(words.length === 0 ? [] : [lookup("runs r", ...words.map(wordCondition))]),
  ];
}

function wordCondition(word: string): [string, ...Value[]] {
  return [
    `r.no in (select run from (select run from error_words where word >= ? and word < ? order by run desc limit ${textMax}) newest)`,
    word,
    `${word}\u{10FFFF}`,
  ];
}

/** The remaining conditions on each run that a lookup finds. */
function* conditions(
  context: Context,
  { status, key, parent, fingerprint, attribute, createdFrom, createdTo, text }: RunFilter,
  definitions: readonly number[] | null,
): Work<{ where: readonly string[]; params: readonly Value[] }> {
  const where: string[] = [];
  const params: Value[] = [];
  const add = (sql: string, ...values: Value[]): void => {
    where.push(sql);
    params.push(...values);
  };
  if (status !== undefined) add(statusCondition(status));
  if (definitions !== null) add(`r.definition in (${listOf(definitions)})`);
  // Run numbers rise with start time, so a time range is a range of numbers.
  if (createdFrom !== undefined) add("r.no >= ?", yield* firstFrom(context, createdFrom));
  if (createdTo !== undefined) add("r.no < ?", yield* firstFrom(context, createdTo));
  const hasDriver = text !== undefined;
  if (fingerprint !== undefined && hasDriver) add("r.no in (select run from dead where fingerprint = ?)", fingerprint);
  if (key !== undefined && (hasDriver || fingerprint !== undefined)) add("r.key = ?", key);
  if (parent !== undefined && (hasDriver || fingerprint !== undefined || key !== undefined))
    add("r.parent = ?", parent);
  if (attribute !== undefined && (hasDriver || fingerprint !== undefined || key !== undefined || parent !== undefined))
    add(
      "exists (select 1 from run_attributes a where a.name = ? and a.value = ? and a.run = r.no)",
      attribute.name,
      attribute.value,
    );
  return { where, params };
}

/** Literals instead of parameters, so that partial indexes can be used. */
function statusCondition(status: NonNullable<RunFilter["status"]>): string {
  if (!isLive(status)) return `r.ended = '${status}'`;
  const own =
    status === "suspended"
      ? `l.state = ${state.suspended}`
      : status === "compensating"
        ? `l.compensation is not null and l.state <> ${state.suspended}`
        : `l.compensation is null and l.state = ${liveStatuses.indexOf(status)}`;
  return `exists (select 1 from live l where l.run = r.no and ${own})`;
}

/**
 * The first run number that started at that time or later, by binary search, since numbers and times both only rise.
 */
function* firstFrom(context: Context, time: number): Work<number> {
  const { db } = context;
  // Two queries: a combined one would scan the whole table.
  let low = (yield* db.get<{ no: number | null }>("select min(no) as no from runs"))?.no ?? 1;
  let high = ((yield* db.get<{ no: number | null }>("select max(no) as no from runs"))?.no ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = yield* db.get<{ no: number; created_at: number }>(
      "select no, created_at from runs where no >= ? order by no limit 1",
      middle,
    );
    if (row === undefined || row.created_at >= time) high = middle;
    else low = row.no + 1;
  }
  return low;
}
