/**
 * Copies a Postgres store's rows into the SQLite core in memory. Both have the same tables and columns, so whatever
 * reads one can read the copy, above all the simulator's checker.
 */
import type { DatabaseSync } from "node:sqlite";
import pg from "pg";
import type { SqliteCore } from "../../../src/stores/sqlite/core.ts";
import { openMemoryCore } from "../../../src/stores/sqlite/memory-store.ts";

/** 64-bit integers, which Baton keeps below 2^53, and decimals. */
const numberTypes: readonly number[] = [20, 1700];

/** Copies everything in this schema. Throws when it lacks a column that SQLite has. */
export async function copyStore(databaseUrl: string, schema: string): Promise<SqliteCore> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    types: {
      getTypeParser: (oid: number, format?: string) =>
        numberTypes.includes(oid) ? Number : pg.types.getTypeParser(oid, format as "text"),
    },
  });
  await client.connect();
  try {
    const core = openMemoryCore({ now: () => 0 });
    const { raw } = core.db;
    raw.exec("begin");
    const tables = raw
      .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
      .all() as { name: string }[];
    for (const { name } of tables) await copyTable(client, schema, name, raw);
    raw.exec("commit");
    return core;
  } finally {
    await client.end();
  }
}

async function copyTable(client: pg.Client, schema: string, table: string, raw: DatabaseSync): Promise<void> {
  const columns = (raw.prepare(`pragma table_info("${table}")`).all() as { name: string }[]).map(({ name }) => name);
  const list = columns.map((column) => `"${column}"`).join(", ");
  const { rows } = await client.query<unknown[]>({
    text: `select ${list} from "${schema}"."${table}"`,
    rowMode: "array",
  });
  // A new store already has rows.
  raw.exec(`delete from "${table}"`);
  const insert = raw.prepare(`insert into "${table}" (${list}) values (${columns.map(() => "?").join(", ")})`);
  for (const row of rows) insert.run(...row.map(asSqlite));
}

function asSqlite(value: unknown): string | number | null | Uint8Array {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === null || typeof value === "number" || typeof value === "string" || value instanceof Uint8Array)
    return value;
  return JSON.stringify(value);
}
