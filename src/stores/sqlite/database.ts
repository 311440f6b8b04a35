import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

export type Row = Record<string, unknown>;
export type Statement = StatementSync;
export type Value = SQLInputValue;

/**
 * One connection with its prepared statements. Reads go through `all` and `get`, writes through `run`, always inside
 * `transaction`: `stmt.get()` on `… returning` in autocommit was measured never to checkpoint.
 */
export class Database {
  readonly raw: DatabaseSync;
  readonly #statements = new Map<string, Statement>();

  constructor(raw: DatabaseSync) {
    this.raw = raw;
  }

  /** The prepared statement of this text, made once. */
  prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.raw.prepare(sql);
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

  /** IMMEDIATE, since a transaction that reads first and writes later is refused at once when another one writes. */
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
