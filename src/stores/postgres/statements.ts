import type { ClientBase } from "pg";
import type { Database, Row, Statement, StatementResult, Value, Work } from "../sql/work.ts";

/**
 * Yields each statement to the driver of the work, which sends it to the server and resumes the work with the result.
 */
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

/** Executes work over a connection, statement by statement. */
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

/** The server's text type cannot contain NUL. Names that contain it are refused; in other text it is replaced. */
function storable(value: Value): Value {
  return typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;
}

const translated = new Map<string, string>();
/** There are few SQL texts, but some contain lists of numbers. */
const translatedMax = 2_000;

/** Translates a statement for Postgres: `$1` for `?`, quoted names with capitals, and no hints for SQLite's planner. */
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
