/** One parameter value of a statement. */
export type Value = string | number | bigint | null | Uint8Array;
export type Row = Record<string, unknown>;

/** A statement for the database. Placeholders are `?`, or `?1` if one appears twice. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly Value[];
}

export interface StatementResult {
  readonly rows: Row[];
  /** Number of rows written. */
  readonly changes: number;
}

/**
 * Store code, written once for both databases. SQLite executes each statement in place, so the whole is synchronous;
 * Postgres sends it over a connection. `yield*` is to this type what `await` is to a promise.
 */
export type Work<T> = Generator<Statement, T, StatementResult>;

/** Statements inside the current transaction. */
export interface Database {
  all<T = Row>(sql: string, ...params: Value[]): Work<T[]>;
  /** The first row. */
  get<T = Row>(sql: string, ...params: Value[]): Work<T | undefined>;
  run(sql: string, ...params: Value[]): Work<{ changes: number }>;
  /** Inserts one row into a table with the key `no`, and returns its number. */
  insert(sql: string, ...params: Value[]): Work<number>;
}

/** Numbers for an `in (…)`. An empty list matches nothing. */
export function listOf(numbers: readonly number[]): string {
  return numbers.join(",") || "null";
}

/** Runs one after the other, in order. */
export function* mapWork<T, R>(items: Iterable<T>, work: (item: T) => Work<R>): Work<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(yield* work(item));
  return results;
}

export function* filterWork<T>(items: Iterable<T>, test: (item: T) => Work<boolean>): Work<T[]> {
  const passed: T[] = [];
  for (const item of items) if (yield* test(item)) passed.push(item);
  return passed;
}

/**
 * Work that is already finished: `yield*` returns at once. One small object instead of a generator, since a statement
 * that SQLite executes in place costs little more than that.
 */
class Done<T> {
  readonly done = true;
  readonly value: T;

  constructor(value: T) {
    this.value = value;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): this {
    return this;
  }
}

export function done<T>(value: T): Work<T> {
  return new Done(value) as unknown as Work<T>;
}
