import type { RunFilter } from "../../kernel/ports/queries.ts";
import { liveStatuses, state } from "./codes.ts";
import type { Context } from "./context.ts";
import { wordsOf } from "./dead.ts";
import { filterWork, listOf, mapWork, type Value, type Work } from "./work.ts";

/**
 * Finding runs among millions. Each filter is answered from the one index that leaves least to look at, newest first by
 * the run's number; a filter that several indexes serve, such as all versions of a name, is a few such looks that are
 * merged. Nothing here reads the long table of runs from one end to the other.
 */
interface Look {
  /** The run's number where the index has it: it gives the order. */
  readonly no: string;
  /** Table and joins; `r` is the run. */
  readonly from: string;
  readonly where: readonly string[];
  readonly params: readonly Value[];
}

/** Numbers of the runs of one page, newest first. */
export function* findRuns(context: Context, filter: RunFilter): Work<readonly number[]> {
  if (filter.ids !== undefined) return yield* known(context, filter.ids);
  const looks = yield* looksFor(context, filter);
  const found = (yield* mapWork(looks, function* ({ no, from, where, params }) {
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

/** Beyond this a count of a filter that no counter serves says only that there are more. */
export const countMax = 10_000;

/** How many runs match: exact from the counters where they serve, else exact up to 10,000. */
export function* countRuns(context: Context, filter: RunFilter): Work<{ count: number; isExact: boolean }> {
  const counted = yield* fromCounters(context, filter);
  if (counted !== null) return { count: counted, isExact: true };
  const seen = new Set<number>();
  for (const { no, from, where, params } of yield* looksFor(context, filter)) {
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

/** What is asked for by workflow, version, status and whole hours alone stands in counters. */
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

function* looksFor(context: Context, filter: RunFilter): Work<readonly Look[]> {
  const definitions = yield* definitionsOf(context, filter);
  if (definitions !== null && definitions.length === 0) return [];
  const rest = yield* conditions(context, filter, definitions);
  const look = (from: string, ...own: [string, ...Value[]][]): Look => ({
    no: from.startsWith("runs") ? "r.no" : `${from.split(" ")[1]}.run`,
    // Where nothing else has to hold, the run itself need not be looked at.
    from: rest.where.length === 0 ? (from.split(" cross join ")[0] ?? from) : from,
    where: [...own.map(([sql]) => sql), ...rest.where],
    params: [...own.flatMap(([, ...params]) => params), ...rest.params],
  });
  const { text, fingerprint, attribute, key, parent, status } = filter;
  if (text !== undefined) return textLooks(text, look);
  if (fingerprint !== undefined)
    return [look("dead d cross join runs r on r.no = d.run", ["d.fingerprint = ?", fingerprint])];
  if (key !== undefined) return [look("runs r indexed by runs_by_key", ["r.key = ?", key])];
  if (parent !== undefined) return [look("runs r", ["r.parent = ?", parent])];
  if (attribute !== undefined) {
    return [
      look(
        "run_attributes a cross join runs r on r.no = a.run",
        ["a.name = ?", attribute.name],
        ["a.value = ?", attribute.value],
      ),
    ];
  }
  if (status !== undefined && isLive(status)) return [look("live l cross join runs r on r.no = l.run")];
  if (status === "failed" || status === "cancelled") return [look(`runs r indexed by runs_${status}`)];
  // One look a version: together they would have to be sorted.
  if (definitions !== null)
    return definitions.map((no) => look("runs r indexed by runs_by_definition", ["r.definition = ?", no]));
  return [look("runs r")];
}

function isLive(status: string): boolean {
  return status === "compensating" || (liveStatuses as readonly string[]).includes(status);
}

/** Rows of one look of a text at most; what lies behind is older than anybody reads. */
const textMax = 10_000;

/** The beginning of an id or a key, any part of a key among the newest runs, or the words of an error. */
function textLooks(text: string, look: (from: string, ...own: [string, ...Value[]][]) => Look): readonly Look[] {
  const among = (sql: string, ...params: Value[]): Look =>
    look("runs r", [`r.no in (select no from (${sql} limit ${textMax}) found)`, ...params]);
  const id = text.startsWith("run_") ? text : `run_${text}`;
  const words = wordsOf(text);
  return [
    ...("run_".startsWith(text) ? [look("runs r")] : []),
    among("select no from runs where id >= ? and id < ? order by id desc", id, `${id}\u{10FFFF}`),
    among("select no from runs where key >= ? and key < ?", text, `${text}\u{10FFFF}`),
    look("runs r", [
      `r.no > (select max(no) from runs) - ${textMax} and r.key is not null and lower(r.key) like ? escape '!'`,
      `%${text.toLowerCase().replace(/[!%_]/g, "!$&")}%`,
    ]),
    ...(words.length === 0 ? [] : [look("runs r", ...words.map(wordCondition))]),
  ];
}

function wordCondition(word: string): [string, ...Value[]] {
  return [
    `r.no in (select run from (select run from error_words where word >= ? and word < ? order by run desc limit ${textMax}) newest)`,
    word,
    `${word}\u{10FFFF}`,
  ];
}

/** What is left to hold of each run that a look comes upon. */
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
  // Numbers rise with the time of the start, so that a span of time is a span of numbers.
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

/** As literals, so that partial indexes can serve them. */
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

/** The first number whose run was started at that time or later: found by halving, since both only rise. */
function* firstFrom(context: Context, time: number): Work<number> {
  const { db } = context;
  // Apart: asked for together they are looked for from one end to the other.
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
