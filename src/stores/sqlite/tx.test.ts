import assert from "node:assert/strict";
import { it } from "node:test";
import { openMemoryDatabase } from "./open.ts";
import { guardedQuery } from "./tx.ts";

it("ctx.tx cannot access any of Baton's own tables, including those that migrations add", () => {
  const db = openMemoryDatabase();
  const tables = db.all<{ name: string }>(
    "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
  );
  assert.ok(tables.length > 30);
  for (const { name } of tables)
    assert.throws(() => guardedQuery(db, `select * from ${name}`, []), { code: "tx-refused" }, name);
});
