import { Client } from "pg";
import { systemClock } from "../src/app/platform.ts";
import { readAddress } from "../src/stores/postgres/address.ts";
import { PostgresStore } from "../src/stores/postgres/store.ts";
import type { Floor } from "./floor.ts";

/** The bare cost on one connection: multi-row inserts into the same tables, and single-row commits. */
export class PostgresFloor implements Floor {
  readonly #client: Client;
  readonly #schema: string;
  #rows = 0;

  private constructor(client: Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  static async open(address: string): Promise<PostgresFloor> {
    const notifier = { publish: () => {}, subscribe: () => () => {} };
    await (await PostgresStore.open(address, { notifier, clock: systemClock, seat: 0 })).close();
    const { url, schema } = readAddress(address);
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(`set search_path to ${schema}`);
    return new PostgresFloor(client, schema);
  }

  async stepsPerSecond(count: number, value: string, batch = 1_000): Promise<number> {
    const begun = performance.now();
    for (let done = 0; done < count; done += batch) {
      const from = this.#rows;
      this.#rows += batch;
      const numbers = Array.from({ length: batch }, (_, i) => from + i);
      await this.#client.query({
        name: "steps",
        text: `insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at)
          select n % 5000, n / 5000, 'step', 0, 0, $2, null, 1, 0, 1700000000000 from unnest($1::bigint[]) n`,
        values: [numbers, value],
      });
    }
    return count / ((performance.now() - begun) / 1000);
  }

  async runsPerSecond(count: number, waits: number, batch = 1_000): Promise<number> {
    const begun = performance.now();
    for (let done = 0; done < count; done += batch) {
      const from = this.#rows;
      this.#rows += batch;
      const numbers = Array.from({ length: batch }, (_, i) => from + i);
      await this.#client.query("begin");
      await this.#client.query(
        `insert into runs (no, id, definition, input, origin, event_floor, created_at)
         select n, 'run_018f2b3c-1111-7222-8333-' || lpad(n::text, 12, '0'), 1, '{}', '{"by":"x"}', 0, 1700000000000 from unnest($1::bigint[]) n`,
        [numbers],
      );
      await this.#client.query(
        "insert into live (run, definition, state, ready_at, fence) select n, 1, 2, 1700000000000, 1 from unnest($1::bigint[]) n",
        [numbers],
      );
      if (waits > 0)
        await this.#client.query(
          "insert into waits (run, key, kind, no, due_at, since) select n, 'wait', 'timer', 1, 1700000000000, 1700000000000 from unnest($1::bigint[]) n",
          [numbers],
        );
      await this.#client.query("commit");
    }
    return count / ((performance.now() - begun) / 1000);
  }

  async commits(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const begun = performance.now();
      this.#rows += 1;
      await this.#client.query({
        name: "commit",
        text: "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (0, $1, 'step', 0, 0, '1', null, 1, 0, 1)",
        values: [1_000_000 + this.#rows],
      });
      times.push(performance.now() - begun);
    }
    return times;
  }

  async close(): Promise<void> {
    await this.#client.query(`drop schema ${this.#schema} cascade`);
    await this.#client.end();
  }
}
