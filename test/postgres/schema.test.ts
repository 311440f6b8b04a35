import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { dumpSchema } from "../../src/stores/postgres/dump-schema.ts";
import { readMigrations } from "../../src/stores/postgres/migrate.ts";
import { readMigrations as readSqliteMigrations } from "../../src/stores/sqlite/migrate.ts";
import { withMigratedSchema } from "./migrated.ts";
import { noPostgres, provideServer } from "./server.ts";

it("both stores have the same migrations, by number and name", () => {
  assert.deepEqual(
    readMigrations().map((migration) => migration.name),
    readSqliteMigrations().map((migration) => migration.name),
  );
});

it("schema.sql of Postgres matches the migrations", { skip: await noPostgres() }, async () => {
  const server = await provideServer();
  const golden = readFileSync(new URL("../../src/stores/postgres/schema.sql", import.meta.url), "utf8");
  assert.equal(await withMigratedSchema(server.url, dumpSchema), golden, "npm run schema");
  await server.end();
});
