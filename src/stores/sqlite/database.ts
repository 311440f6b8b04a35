import type { DatabaseSync, StatementSync } from "node:sqlite";
import { done, type Row, type Database as Statements, type Value, type Work } from "../sql/work.ts";

export type Statement = StatementSync;

/** Maximum number of cached statements. Some SQL texts contain lists of numbers and are used only once. */
const statementsMax = 2_000;

/**
 * One connection with its prepared statements. Reads use `all` and `get`; writes use `run`, always inside
 * `transaction`: `stmt.get()` on `… returning` in autocommit mode was measured never to checkpoint.
 */
export class Database {
  readonly raw: DatabaseSync;
  readonly #statements = new Map<string, Statement>();

  constructor(raw: DatabaseSync) {
    this.raw = raw;
  }

  /** The prepared statement of this text, prepared once. */
  prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.raw.prepare(sql);
      if (this.#statements.size >= statementsMax) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  all<T = Row>(sql: string, ...params: Value[]): T[] {
    return this.prepare(sql).all(...params) as T[];
  }

  get<T = Row>(sql: string, ...params: Value[]): T | undefined {
    return this.prepare(sql).get(...params) as T | undefined;
  }

  run(sql: string, ...params: Value[]): { changes: number; last: number } {
    const { changes, lastInsertRowid } = this.prepare(sql).run(...params);
    return { changes: Number(changes), last: Number(lastInsertRowid) };
  }

  /** IMMEDIATE, because a transaction that reads first and writes later fails at once if another one writes. */
  transaction<T>(work: () => T): T {
    this.raw.exec("begin immediate");
    let value: T;
    try {
      value = work();
    } catch (error) {
      if (this.raw.isTransaction) this.raw.exec("rollback");
      throw error;
    }
    this.raw.exec("commit");
    return value;
  }

  close(): void {
    this.#statements.clear();
    this.raw.close();
  }
}

/** Executes the statements of a `Work` in place. */
export class InPlace implements Statements {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all<T = Row>(sql: string, ...params: Value[]): Work<T[]> {
    return done(this.#db.prepare(sql).all(...params) as T[]);
  }

  get<T = Row>(sql: string, ...params: Value[]): Work<T | undefined> {
    return done(this.#db.prepare(sql).get(...params) as T | undefined);
  }

  run(sql: string, ...params: Value[]): Work<{ changes: number }> {
    return done(this.#db.run(sql, ...params));
  }

  insert(sql: string, ...params: Value[]): Work<number> {
    return done(this.#db.run(sql, ...params).last);
  }
}

/** Returns the value of work whose statements are executed in place: it never waits for a result. */
export function perform<T>(work: Work<T>): T {
  const step = work.next();
  if (step.done !== true) throw new Error("a statement was not executed in place");
  return step.value;
}
