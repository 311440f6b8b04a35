import { writeFileSync } from "node:fs";
import { dumpSchema } from "../src/stores/sqlite/migrate.ts";
import { openMemoryDatabase } from "../src/stores/sqlite/open.ts";

/** Writes the golden schema; a test fails when it differs from what the migrations make. */
const db = openMemoryDatabase();
writeFileSync(new URL("../src/stores/sqlite/schema.sql", import.meta.url), dumpSchema(db));
db.close();
