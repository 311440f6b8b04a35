import { rmSync } from "node:fs";
import type { Database } from "../src/stores/sqlite/database.ts";
import { openDatabase } from "../src/stores/sqlite/open.ts";

/** The bare cost of what a workload writes: only inserts, into the same tables with the same settings. */
export interface Floor {
  /** Step rows per second, in transactions of `batch` rows. */
  stepsPerSecond(count: number, value: string, batch?: number): Promise<number>;
  /** Runs per second if a run is only its row, its queue entry and `waits` waits. */
  runsPerSecond(count: number, waits: number, batch?: number): Promise<number>;
  /** Durations of single-row commits in ms, one at a time. */
  commits(count: number): Promise<number[]>;
  close(): Promise<void>;
}

export class SqliteFloor implements Floor {
  readonly #path: string;
  readonly #db: Database;
  #rows = 0;

  constructor(path: string) {
    this.#path = path;
    this.#db = openDatabase(path);
  }

  async stepsPerSecond(count: number, value: string, batch = 1_000): Promise<number> {
    const insert = this.#db.prepare(
      "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (?, ?, 'step', 0, 0, ?, null, 1, 0, 1700000000000)",
    );
    const begun = performance.now();
    for (let done = 0; done < count; done += batch) {
      this.#db.transaction(() => {
        for (let i = 0; i < batch && done + i < count; i++) {
          this.#rows += 1;
          insert.run(this.#rows % 5_000, Math.floor(this.#rows / 5_000), value);
        }
      });
    }
    return count / ((performance.now() - begun) / 1000);
  }

  async runsPerSecond(count: number, waits: number, batch = 1_000): Promise<number> {
    const run = this.#db.prepare(
      "insert into runs (id, definition, input, origin, event_floor, created_at) values (?, 1, '{}', '{\"by\":\"x\"}', 0, 1700000000000)",
    );
    const live = this.#db.prepare(
      "insert into live (run, definition, state, ready_at, fence) values (?, 1, 2, 1700000000000, 1)",
    );
    const wait = this.#db.prepare(
      "insert into waits (run, key, kind, no, due_at, since) values (?, ?, 'timer', 1, 1700000000000, 1700000000000)",
    );
    const begun = performance.now();
    for (let done = 0; done < count; done += batch) {
      this.#db.transaction(() => {
        for (let i = 0; i < batch && done + i < count; i++) {
          this.#rows += 1;
          const { lastInsertRowid } = run.run(`run_018f2b3c-1111-7222-8333-${String(this.#rows).padStart(12, "0")}`);
          live.run(lastInsertRowid);
          for (let w = 0; w < waits; w++) wait.run(lastInsertRowid, `wait${w}`);
        }
      });
    }
    return count / ((performance.now() - begun) / 1000);
  }

  async commits(count: number): Promise<number[]> {
    const insert = this.#db.prepare(
      "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (0, ?, 'step', 0, 0, '1', null, 1, 0, 1)",
    );
    return Array.from({ length: count }, () => {
      const begun = performance.now();
      this.#rows += 1;
      this.#db.transaction(() => insert.run(1_000_000 + this.#rows));
      return performance.now() - begun;
    });
  }

  async close(): Promise<void> {
    this.#db.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${this.#path}${suffix}`, { force: true });
  }
}
