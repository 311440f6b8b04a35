import type { CounterDrift } from "../../kernel/model/doctor.ts";
import type { RestStatus, RunStatus } from "../../kernel/model/status.ts";
import type { Database, Work } from "./work.ts";

const hourMs = 3_600_000;

/**
 * Exact counts: runs by definition and status, starts and ends by hour, dead letters by cause. A batch sums its changes
 * in memory and writes one sorted delta per row as its last statements: updating a shared row early was measured to
 * cost 98 % of the throughput on Postgres.
 */
export class Counters {
  readonly #db: Database;
  readonly #shard: number;
  readonly #deltas = new Map<string, number>();
  readonly #hours = new Map<string, number>();
  readonly #causes = new Map<string, number>();

  constructor(db: Database, shard: number) {
    this.#db = db;
    this.#shard = shard;
  }

  move(definition: number, from: RunStatus | null, to: RunStatus | null, count = 1): void {
    if (from === to) return;
    if (from !== null) add(this.#deltas, `${definition} ${from}`, -count);
    if (to !== null) add(this.#deltas, `${definition} ${to}`, count);
  }

  /** Counts a run that started or ended in the hour of `at`. -1: the run was removed or reopened. */
  hour(definition: number, what: "started" | RestStatus, at: number, count: 1 | -1): void {
    add(this.#hours, `${definition} ${what} ${Math.floor(at / hourMs)}`, count);
  }

  cause(fingerprint: string, count: 1 | -1): void {
    add(this.#causes, fingerprint, count);
  }

  /** Corrects a counter by its drift. */
  correct(drift: CounterDrift): void {
    switch (drift.of) {
      case "runs":
        add(this.#deltas, `${drift.definition} ${drift.status}`, drift.delta);
        return;
      case "hours":
        add(this.#hours, `${drift.definition} ${drift.status} ${drift.hour}`, drift.delta);
        return;
      case "causes":
        add(this.#causes, drift.fingerprint, drift.delta);
    }
  }

  /** Writes the deltas, as the last statements of a transaction. */
  *flush(): Work<void> {
    for (const [row, delta] of drain(this.#deltas)) {
      const [definition = "0", status = ""] = row.split(" ");
      yield* this.#db.run(
        "insert into counters (definition, status, shard, count) values (?, ?, ?, ?) on conflict (definition, status, shard) do update set count = counters.count + excluded.count",
        Number(definition),
        status,
        this.#shard,
        delta,
      );
    }
    for (const [row, delta] of drain(this.#hours)) {
      const [definition = "0", what = "", hour = "0"] = row.split(" ");
      yield* this.#db.run(
        "insert into hours (definition, status, hour, shard, count) values (?, ?, ?, ?, ?) on conflict (definition, status, hour, shard) do update set count = hours.count + excluded.count",
        Number(definition),
        what,
        Number(hour),
        this.#shard,
        delta,
      );
    }
    for (const [fingerprint, delta] of drain(this.#causes)) {
      yield* this.#db.run(
        "insert into causes (fingerprint, count) values (?, ?) on conflict (fingerprint) do update set count = causes.count + excluded.count",
        fingerprint,
        delta,
      );
      if (delta < 0) yield* this.#db.run("delete from causes where fingerprint = ? and count <= 0", fingerprint);
    }
  }

  /** Call after a rollback. */
  discard(): void {
    this.#deltas.clear();
    this.#hours.clear();
    this.#causes.clear();
  }
}

function add(deltas: Map<string, number>, row: string, delta: number): void {
  deltas.set(row, (deltas.get(row) ?? 0) + delta);
}

/** The changed rows, in the order in which every transaction locks them. */
function drain(deltas: Map<string, number>): [string, number][] {
  if (deltas.size === 0) return [];
  const rows = [...deltas].filter(([, delta]) => delta !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  deltas.clear();
  return rows;
}
