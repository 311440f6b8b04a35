import assert from "node:assert/strict";
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { Database } from "../../src/stores/sqlite/database.ts";
import { migrate, readMigrations } from "../../src/stores/sqlite/migrate.ts";
import type { DoctorReport } from "../../src/wire/doctor.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import type { ErasureView, StoreSizesView } from "../../src/wire/store.ts";
import { setup } from "./baton.ts";

const hello = (name: string): readonly string[] => ["run", "hello", "--input", `{"name":"${name}"}`, "--wait"];

test("doctor checks a store with and without a server; its exit code shows whether it found a problem", async (t) => {
  const { baton, json, start, store } = setup(t);
  await baton(hello("Ada"));
  const offline = await json<DoctorReport>(["doctor"]);
  assert.equal(offline.code, 0);
  assert.notEqual(offline.value.level, "bad");
  const server = await start();
  const online = await json<DoctorReport>(["doctor", "--full"]);
  assert.equal(online.code, 0, online.stderr);
  assert.ok(online.value.findings.some((each) => each.code === "owner" && each.what.includes(String(server.pid))));
  server.child.kill("SIGKILL");
  await server.ended;
  const killed = await json<DoctorReport>(["doctor"]);
  assert.ok(killed.value.findings.some((each) => each.code === "owner" && each.level === "warn"));
  assert.equal(killed.code, 0);
  const db = new DatabaseSync(store);
  db.exec("update counters set count = count + 1");
  db.close();
  const bad = await json<DoctorReport>(["doctor"]);
  assert.equal(bad.code, 1);
  assert.equal(bad.value.findings[0]?.code, "miscounted");
});

test("doctor --repair shows the repairs, and applies them with --yes", async (t) => {
  const { baton, store } = setup(t);
  await baton(hello("Ada"));
  const db = new DatabaseSync(store);
  db.exec("update counters set count = count + 1");
  const total = (): unknown => db.prepare("select sum(count) as n from counters").get()?.["n"];
  const plan = await baton(["doctor", "--repair"]);
  assert.equal(plan.code, 1);
  assert.match(plan.stderr, /recount: corrects the counters .*; affects \d/);
  assert.match(plan.stderr, /nothing was changed; to apply this: baton doctor --repair --yes/);
  assert.notEqual(total(), 1);
  db.close();
  const done = await baton(["doctor", "--repair", "--yes", "--reason", "counted by hand"]);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /repair: corrects the counters[\s\S]*recount: .*repaired \d/);
  assert.equal((await baton(["doctor"])).code, 0);
});

test("doctor reports a file that is damaged, has another schema, or is not a store", async (t) => {
  const { baton, json, store, write, folder } = setup(t);
  for (const name of ["Ada", "Bo", "Cy"]) await baton(hello(name));
  await baton(["db", "backup", "copy.db"]);
  const db = new DatabaseSync(store);
  db.exec("pragma wal_checkpoint(truncate)");
  const page = db.prepare("select rootpage from sqlite_schema where name = 'runs_by_key'").get()?.[
    "rootpage"
  ] as number;
  db.close();
  const file = openSync(store, "r+");
  writeSync(file, Buffer.alloc(2_000, 0xa5), 0, 2_000, (page - 1) * 4_096);
  closeSync(file);
  const damaged = await json<DoctorReport>(["doctor"]);
  assert.equal(damaged.code, 1);
  const found = damaged.value.findings.filter((each) => each.level === "bad").map((each) => each.code);
  assert.ok(found.includes("integrity") || found.includes("store-unreadable"), found.join());
  const old = new DatabaseSync(`${folder}/copy.db`);
  old.exec("pragma user_version = 999");
  old.close();
  const newer = await json<DoctorReport>(["doctor", "--store", "copy.db"]);
  assert.equal(newer.code, 1);
  assert.equal(newer.value.findings[0]?.code, "schema");
  write("text.db", "this is no database, and never was one");
  const text = await json<DoctorReport>(["doctor", "--store", "text.db"]);
  assert.equal(text.code, 1);
  assert.equal(text.value.findings[0]?.code, "store-unreadable");
  assert.equal((await baton(["doctor", "--store", "none.db"])).code, 3);
});

test("db stats shows what uses space, db migrate that there is nothing to do", async (t) => {
  const { baton, json } = setup(t);
  await baton(hello("Ada"));
  const { value } = await json<StoreSizesView>(["db", "stats"]);
  assert.deepEqual(
    value.definitions.filter((each) => each.runs > 0).map((each) => [each.definition, each.runs]),
    [["hello", 1]],
  );
  const human = await baton(["db", "stats"]);
  assert.match(human.stdout, /WORKFLOW +RUNS[\s\S]*hello +1 /);
  const migrated = await baton(["db", "migrate"]);
  assert.equal(migrated.code, 0, migrated.stderr);
  assert.match(migrated.stderr, /already has schema \d+/);
});

test("db migrate lists the migrations, applies them after a backup, and is refused next to a server", async (t) => {
  const { baton, json, start, store } = setup(t);
  const server = await start();
  assert.equal((await baton(["db", "migrate"])).code, 7);
  server.child.kill("SIGTERM");
  await server.ended;
  // A store as left by a Baton before the newest migration.
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${store}${suffix}`, { force: true });
  const older = new Database(new DatabaseSync(store));
  older.raw.exec("pragma journal_mode = wal");
  migrate(older, () => {}, readMigrations().slice(0, -1));
  older.close();
  const newest = readMigrations().at(-1);
  assert.ok(newest);
  const doctor = await json<DoctorReport>(["doctor"]);
  assert.equal(doctor.code, 0);
  assert.ok(doctor.value.findings.some((each) => each.code === "schema" && each.level === "warn"));
  const plan = await baton(["db", "migrate", "--dry-run"]);
  assert.match(plan.stdout, new RegExp(`^${newest.name}$`, "m"));
  assert.ok(!existsSync(`${store}.before-${newest.version}`));
  const done = await json<{ from: number; to: number; backup: string }>(["db", "migrate"]);
  assert.deepEqual([done.value.from, done.value.to], [newest.version - 1, newest.version]);
  assert.ok(existsSync(done.value.backup));
  assert.equal((await baton(hello("Ada"))).code, 0);
});

test("erase asks first, shows what it would erase, and leaves no trace of a person in the file", async (t) => {
  const { baton, json, store } = setup(t);
  await baton(hello("Wendelgard"));
  await baton(hello("Bo"));
  const unasked = await baton(["erase", "--key", "person:Wendelgard"]);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /nothing was erased/);
  const preview = await json<ErasureView>(["erase", "--key", "person:Wendelgard", "--dry-run"]);
  assert.equal(preview.value.runs, 1);
  assert.ok(readFileSync(store).includes("Wendelgard"));
  const erased = await baton(["erase", "--key", "person:Wendelgard", "--yes", "--reason", "request 12"]);
  assert.equal(erased.code, 0, erased.stderr);
  assert.match(erased.stderr, /erased 1 run, 0 events, 0 files/);
  assert.match(erased.stderr, /backups are not changed/);
  assert.ok(!readFileSync(store).includes("Wendelgard"));
  if (existsSync(`${store}-wal`)) assert.ok(!readFileSync(`${store}-wal`).includes("Wendelgard"));
  assert.deepEqual(
    (await json<RunSummary[]>(["runs"])).value.map((run) => run.key),
    ["person:Bo"],
  );
  assert.equal((await baton(["erase", "run_none", "--yes"])).code, 3);
  assert.equal((await baton(["erase", "--yes"])).code, 2);
});

test("exports a run to a file that only its owner can read, and imports it into another store", async (t) => {
  const { baton, json, folder } = setup(t);
  await baton(hello("Ada"));
  const out = await baton(["export", "latest", "--out", "run.json"]);
  assert.equal(out.code, 0, out.stderr);
  assert.equal(statSync(`${folder}/run.json`).mode & 0o777, 0o600);
  const { value } = await json<RunDetail>(["import", "run.json", "--store", "other.db"]);
  assert.equal(value.status, "completed");
  assert.equal(value.output, "Hello Ada");
  const bad = await baton(["import", "workflows"]);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /cannot be read as an exported run/);
});
