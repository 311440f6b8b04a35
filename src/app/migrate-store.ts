import { existsSync } from "node:fs";
import { StoreError } from "../kernel/model/errors.ts";
import { shownAddress } from "../stores/postgres/address.ts";
import { migratePostgres } from "../stores/postgres/open.ts";
import { readMigrations, schemaVersion } from "../stores/sqlite/migrate.ts";
import { openDatabase, openReader } from "../stores/sqlite/open.ts";
import { takeOwnership } from "../stores/sqlite/owner.ts";
import type { StoreAddress } from "./store-address.ts";

export interface Migrated {
  readonly store: string;
  readonly from: number;
  readonly to: number;
  /** Names of the migrations that were, or would be, applied. */
  readonly migrations: readonly string[];
  readonly isDryRun: boolean;
  /** The backup made before the migration, or null if there was nothing to do. */
  readonly backup: string | null;
}

/** The schema version of a store file, and the one that this Baton supports. */
export function readSchema(store: string): { found: number; known: number } {
  const reader = openReader(store);
  try {
    return { found: schemaVersion(reader), known: knownSchema() };
  } finally {
    reader.close();
  }
}

export function knownSchema(): number {
  return readMigrations().at(-1)?.version ?? 0;
}

/**
 * Migrates a store that no process has open to this Baton's schema, after a backup. Opening a store does the same. With
 * `dryRun` it only reports what would be done, also while another process has the store open.
 */
export async function migrateStore(address: StoreAddress, { dryRun }: { dryRun: boolean }): Promise<Migrated> {
  return address.kind === "sqlite" ? migrateFile(address.path, dryRun) : migrateSchema(address.url, dryRun);
}

/** The operator makes the backups. Workers of the previous version continue meanwhile. */
async function migrateSchema(url: string, dryRun: boolean): Promise<Migrated> {
  const { from, migrations } = await migratePostgres(url, { dryRun });
  const to = from + migrations.length;
  return { store: shownAddress(url), from, to, migrations, isDryRun: dryRun, backup: null };
}

function migrateFile(store: string, dryRun: boolean): Migrated {
  if (!existsSync(store))
    throw new StoreError("not-found", `no store found at ${store}`, { hint: "pass it with --store" });
  const { found: from, known: to } = readSchema(store);
  const migrations = readMigrations()
    .filter((migration) => migration.version > from)
    .map((migration) => migration.name);
  const copy = `${store}.before-${from + 1}`;
  const plan = { store, from, to, migrations, isDryRun: dryRun, backup: migrations.length === 0 ? null : copy };
  if (dryRun) return plan;
  const ownership = takeOwnership(store);
  try {
    openDatabase(store).close();
    return plan;
  } finally {
    ownership.release();
  }
}
