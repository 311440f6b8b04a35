import { readdirSync, readFileSync } from "node:fs";
import { StoreError } from "../../kernel/model/errors.ts";
import type { Database } from "./database.ts";

/** "Bato" in ASCII: identifies the file as a Baton store. */
export const applicationId = 0x4261746f;

const folder = new URL("./migrations/", import.meta.url);

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** All migrations by number. A released file is never edited. */
export function readMigrations(): readonly Migration[] {
  return readdirSync(folder)
    .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
    .sort()
    .map((file) => ({
      version: Number(file.slice(0, 4)),
      name: file.slice(0, -4),
      sql: readFileSync(new URL(file, folder), "utf8"),
    }));
}

export function schemaVersion(db: Database): number {
  return db.get<{ user_version: number }>("pragma user_version")?.user_version ?? 0;
}

/**
 * Migrates the store to this Baton's schema, forward only. Each migration has its own transaction, after `backup` has
 * copied a store that has data. A newer store is refused: this version cannot know what its rows mean.
 */
export function migrate(
  db: Database,
  backup: (from: number) => void,
  migrations: readonly Migration[] = readMigrations(),
): { from: number; to: number } {
  const from = schemaVersion(db);
  const newest = migrations.at(-1)?.version ?? 0;
  if (from > newest) {
    throw new StoreError(
      "corrupt",
      `the store has schema ${from}, but this Baton version supports schemas up to ${newest}`,
      {
        hint: "use the newer Baton version, or restore the backup that it made before the migration",
        details: { schema: from, known: newest },
      },
    );
  }
  for (const migration of migrations.filter((each) => each.version > from)) {
    // A new store needs no backup.
    if (from > 0) backup(schemaVersion(db));
    db.transaction(() => {
      db.raw.exec(migration.sql);
      db.raw.exec(`pragma user_version = ${migration.version}`);
      db.raw.exec(`pragma application_id = ${applicationId}`);
    });
  }
  return { from, to: newest };
}

/** The schema as SQLite reports it: the text of the golden file `schema.sql`. */
export function dumpSchema(db: Database): string {
  const rows = db.all<{ sql: string }>(
    "select sql from sqlite_schema where sql is not null and name not like 'sqlite_%' order by type desc, name",
  );
  return `-- Made by running all migrations. Do not edit: npm run schema\n\n${rows.map((row) => `${row.sql};`).join("\n\n")}\n`;
}
