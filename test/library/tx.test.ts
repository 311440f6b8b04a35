import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Baton, openBaton, type TxClient, workflow } from "baton";

const folder = mkdtempSync(join(tmpdir(), "baton-tx-"));
let baton: Baton;
let count = 0;

before(async () => {
  baton = await openBaton({ store: `sqlite:${join(folder, "baton.db")}` });
  await transact((db) => db.query("create table mine (id integer primary key, text text)"));
});
after(async () => {
  await baton.close();
  rmSync(folder, { recursive: true });
});

/** Runs one transaction as the only step of a run. */
async function transact<T>(work: (db: TxClient) => Promise<T>): Promise<T> {
  count += 1;
  const definition = workflow({ name: `tx-${count}` }, (ctx) => ctx.tx("write", work, { retry: false }));
  baton.register(definition);
  return (await baton.start(definition, null)).result({ timeoutMs: 5_000 });
}

function refused(error: unknown): string {
  return ((error as Error).cause as { cause: { code: string } }).cause.code;
}

describe("ctx.tx", () => {
  it("refuses statements on Baton's own tables, and more than one statement", async () => {
    const statements = [
      "select * from RUNS",
      "alter table runs rename to mine_too",
      "create index more on runs (key)",
      "create temp trigger follow after insert on steps begin select 1; end",
      "drop index live_ready",
      "insert into mine (text) values ('a'); insert into mine (text) values ('b')",
      "commit",
    ];
    for (const sql of statements)
      await assert.rejects(
        transact((db) => db.query(sql)),
        (error) => refused(error) === "tx-refused",
        sql,
      );
    assert.deepEqual(await transact((db) => db.query("select 1 as n; -- and nothing more\n /* at all */ ;")), [
      { n: 1 },
    ]);
    assert.deepEqual(await transact((db) => db.query("select * from mine")), []);
  });

  it("distinguishes a faulty statement from a damaged store", async () => {
    await assert.rejects(
      transact((db) => db.query("selec 1")),
      (error) => refused(error) === "tx-failed" && /syntax error/.test((error as Error).message),
    );
  });

  it("commits nothing after a statement has rolled back the transaction", async () => {
    await assert.rejects(
      transact(async (db) => {
        await db.query("insert into mine values (1, 'first')");
        await db.query("insert or rollback into mine values (1, 'again')").catch(() => undefined);
        await db.query("insert into mine values (2, 'after')");
      }),
      (error) => refused(error) === "tx-failed",
    );
    assert.deepEqual(await transact((db) => db.query("select * from mine")), []);
  });

  it("frees the store and fails the step when its code never returns", async () => {
    await assert.rejects(
      transact(() => new Promise(() => {})),
      (error) => refused(error) === "tx-too-long",
    );
    assert.deepEqual(await transact((db) => db.query("select 1 as n")), [{ n: 1 }]);
  });

  it("refuses a client whose transaction has ended", async () => {
    let old: TxClient | undefined;
    await transact(async (db) => {
      old = db;
    });
    const code = await transact(() =>
      (old as TxClient).query("insert into mine values (3, 'foreign')").then(
        () => "taken",
        (error: { code: string }) => error.code,
      ),
    );
    assert.equal(code, "tx-too-long");
    assert.deepEqual(await transact((db) => db.query("select * from mine")), []);
  });
});
