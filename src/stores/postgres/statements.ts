import type { ClientBase } from "pg";
import type { Database, Row, Statement, StatementResult, Value, Work } from "../sql/work.ts";

/** Asks whoever drives the work: each statement is sent to the server, and the work goes on with its answer. */
export const asked: Database = {
  *all<T = Row>(sql: string, ...params: Value[]): Work<T[]> {
    return (yield { sql, params }).rows as T[];
  },
  *get<T = Row>(sql: string, ...params: Value[]): Work<T | undefined> {
    return (yield { sql, params }).rows[0] as T | undefined;
  },
  *run(sql: string, ...params: Value[]): Work<{ changes: number }> {
    return { changes: (yield { sql, params }).changes };
  },
  *insert(sql: string, ...params: Value[]): Work<number> {
    return (yield { sql: `${sql} returning no`, params }).rows[0]?.["no"] as number;
  },
};

/** Carries work out over a connection, statement by statement. */
export async function drive<T>(client: ClientBase, work: Work<T>): Promise<T> {
  let step = work.next();
  while (step.done !== true) {
    let answer: StatementResult;
    try {
      answer = await send(client, step.value);
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(answer);
  }
  return step.value;
}

async function send(client: ClientBase, { sql, params }: Statement): Promise<StatementResult> {
  const { rows, rowCount } = await client.query<Row>(dialect(sql), params.map(storable));
  return { rows, changes: rowCount ?? 0 };
}

/** The one character that the server's text cannot hold: names are refused with it, and in other text it is replaced. */
function storable(value: Value): Value {
  return typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;
}

const translated = new Map<string, string>();
/** Texts are few, but some hold lists of numbers. */
const translatedMax = 2_000;

/** A statement as Postgres reads it: `$1` for `?`, names with capitals kept as they are, and no word for SQLite's planner. */
export function dialect(sql: string): string {
  const known = translated.get(sql);
  if (known !== undefined) return known;
  let place = 0;
  const text = sql
    .replace(/\?(\d*)/g, (_, number: string) => {
      if (number !== "") return `$${number}`;
      place += 1;
      return `$${place}`;
    })
    .replace(/\bas ([a-z]+[A-Z]\w*)/g, 'as "$1"')
    .replace(/ indexed by \w+/g, "")
    .replace(/ cross join (\w+ \w+) on /g, " join $1 on ");
  if (translated.size >= translatedMax) translated.clear();
  translated.set(sql, text);
  return text;
}
