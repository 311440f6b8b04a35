import { writeFileSync } from "node:fs";
import { dumpSchema as dumpPostgres } from "../src/stores/postgres/dump-schema.ts";
import { dumpSchema as dumpSqlite } from "../src/stores/sqlite/migrate.ts";
import { openMemoryDatabase } from "../src/stores/sqlite/open.ts";
import { withMigratedSchema } from "../test/postgres/migrated.ts";
import { provideServer } from "../test/postgres/server.ts";

/** Writes the expected schemas. A test fails if one differs from the result of the migrations. */
const stores = new URL("../src/stores/", import.meta.url);
const db = openMemoryDatabase();
writeFileSync(new URL("sqlite/schema.sql", stores), dumpSqlite(db));
db.close();

const server = await provideServer();
const text = await withMigratedSchema(server.url, dumpPostgres);
writeFileSync(new URL("postgres/schema.sql", stores), text);
await server.end();
