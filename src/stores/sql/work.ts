/** One value of a statement. */
export type Value = string | number | bigint | null | Uint8Array;
export type Row = Record<string, unknown>;

/** A statement that code asks its database to carry out. Places for values are `?`, or `?1` when one stands twice. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly Value[];
}

export interface StatementResult {
  readonly rows: Row[];
  /** Rows that were written. */
  readonly changes: number;
}

/**
 * What a store does, written once for both databases: SQLite carries a statement out in place, so that the whole is
 * synchronous, Postgres over a connection. `yield*` is to it what `await` is to a promise.
 */
export type Work<T> = Generator<Statement, T, StatementResult>;

/** Statements inside the transaction that is under way. */
export interface Database {
  all<T = Row>(sql: string, ...params: Value[]): Work<T[]>;
  /** The first row. */
  get<T = Row>(sql: string, ...params: Value[]): Work<T | undefined>;
  run(sql: string, ...params: Value[]): Work<{ changes: number }>;
  /** Adds one row to a table that is numbered by `no`, and gives its number. */
  insert(sql: string, ...params: Value[]): Work<number>;
}

/** Numbers for an `in (…)`; none of them is in an empty one. */
export function listOf(numbers: readonly number[]): string {
  return numbers.join(",") || "null";
}

/** One after the other, in order. */
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
 * Work that is done before anybody has asked for it: `yield*` finds its end at once. One small object instead of a
 * generator, since a statement that SQLite carries out in place costs little more than that.
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
