import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { PoolClient } from "pg";
import { StoreError } from "../../kernel/model/errors.ts";
import { lockOf } from "./transactions.ts";

const folder = new URL("./migrations/", import.meta.url);

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /**
   * The lowest schema version whose Baton still works after this migration. A migration that contracts the schema
   * raises it.
   */
  readonly compatibleFrom: number;
}

/** All migrations by number. A released file is never edited. */
export function readMigrations(): readonly Migration[] {
  return readdirSync(folder)
    .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
    .sort()
    .map((file) => toMigration(file.slice(0, -4), readFileSync(new URL(file, folder), "utf8")));
}

/**
 * A migration only expands the schema, unless its text has a line `-- compatible from N`. Then older Batons are
 * refused.
 */
export function toMigration(name: string, sql: string): Migration {
  const compatibleFrom = /^-- compatible from (\d+)$/m.exec(sql)?.[1];
  return { version: Number(name.slice(0, 4)), name, sql, compatibleFrom: Number(compatibleFrom ?? 0) };
}

/** The schema state that the store reports. Version 0: it is empty. */
export interface SchemaState {
  readonly version: number;
  readonly compatibleFrom: number;
}

export async function readSchema(client: PoolClient, schema: string): Promise<SchemaState> {
  const found = await client.query("select to_regclass($1) as name", [`"${schema}".migrations`]);
  if (found.rows[0]?.name === null) return { version: 0, compatibleFrom: 0 };
  const { rows } = await client.query<{ version: number | null; compatible: number | null }>(
    `select max(version) as version, max(compatible_from) as compatible from "${schema}".migrations`,
  );
  return { version: rows[0]?.version ?? 0, compatibleFrom: rows[0]?.compatible ?? 0 };
}

/**
 * Migrates the store to this Baton's schema. Old and new Batons run side by side during a deploy, so a migration only
 * adds, and a newer store is accepted if it allows this version. Each migration is one transaction; concurrent
 * migrations wait for each other.
 */
export async function migrate(
  client: PoolClient,
  schema: string,
  migrations: readonly Migration[] = readMigrations(),
): Promise<{ from: number; to: number }> {
  const known = migrations.at(-1)?.version ?? 0;
  const before = await readSchema(client, schema);
  refuseNewer(before, known);
  if (before.version >= known) return { from: before.version, to: before.version };
  for (const migration of migrations.filter((each) => each.version > before.version))
    await apply(client, schema, migration);
  return { from: before.version, to: known };
}

export function refuseNewer({ version, compatibleFrom }: SchemaState, known: number): void {
  if (version <= known || known >= compatibleFrom) return;
  throw new StoreError(
    "corrupt",
    `the store has schema ${version}, but this Baton version supports schemas up to ${known}`,
    {
      hint: "use the newer Baton version, or restore a backup from before the migration",
      details: { schema: version, known },
    },
  );
}

/** The check for a role that may not change the schema. */
export function refuseOlder({ version, compatibleFrom }: SchemaState): void {
  const known = readMigrations().at(-1)?.version ?? 0;
  refuseNewer({ version, compatibleFrom }, known);
  if (version >= known) return;
  throw new StoreError("unavailable", `the store has schema ${version}, but this Baton version needs ${known}`, {
    hint: "run baton db migrate with a role that can create tables",
    details: { schema: version, known },
  });
}

async function apply(
  client: PoolClient,
  schema: string,
  { version, name, sql, compatibleFrom }: Migration,
): Promise<void> {
  await client.query(`begin; select pg_advisory_xact_lock(${lockOf(schema, "migrate")})`);
  try {
    const now = await readSchema(client, schema);
    if (now.version >= version) {
      await client.query("rollback");
      return;
    }
    // Checked first, because `if not exists` needs the permission to create even if the schema exists.
    if (now.version === 0 && !(await hasSchema(client, schema))) await client.query(`create schema "${schema}"`);
    // A migration waits only this long for locks of running runs. The next start tries it again.
    await client.query(`set local search_path to "${schema}", pg_temp; set local lock_timeout = '5s'`);
    if (now.version === 0) await client.query(migrationsTable);
    await client.query(sql);
    await pinFunctions(client, schema);
    await client.query(
      "insert into migrations (version, name, hash, compatible_from, at) values ($1, $2, $3, $4, floor(extract(epoch from clock_timestamp()) * 1000))",
      [version, name, createHash("sha256").update(sql).digest("hex"), compatibleFrom],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw (error as { code?: unknown }).code === "42501" ? mayNotMigrate(version, error) : error;
  }
}

async function hasSchema(client: PoolClient, schema: string): Promise<boolean> {
  return (await client.query("select 1 from pg_namespace where nspname = $1", [schema])).rowCount === 1;
}

function mayNotMigrate(version: number, cause: unknown): StoreError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(
    "unavailable",
    `the store needs schema ${version}, but this role cannot migrate it: ${message}`,
    {
      hint: "run baton db migrate with a role that can create tables",
      cause,
    },
  );
}

const migrationsTable = `create table migrations (
  version bigint primary key,
  name text not null,
  hash text not null,
  compatible_from bigint not null,
  at bigint not null
)`;

/**
 * Pins the search path of the functions: they find their tables with any search path of the caller, and no user can
 * shadow the tables.
 */
async function pinFunctions(client: PoolClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ call: string }>(
    `select p.oid::regprocedure::text as call from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = $1
       and not exists (select 1 from unnest(p.proconfig) setting where setting like 'search_path=%')`,
    [schema],
  );
  for (const { call } of rows) await client.query(`alter function ${call} set search_path to "${schema}", pg_temp`);
}
