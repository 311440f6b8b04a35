import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import type { EventDetail, EventView } from "../../src/wire/event.ts";
import type { Page } from "../../src/wire/page.ts";
import { type CliProject, eventually, type Running, setup } from "../cli/baton.ts";
import { freshSchema, noPostgres } from "../postgres/server.ts";
import { blockedMark } from "./schema.ts";

/** Events of one test; the one in the middle ends or blocks the process that evaluates it. */
const eventCounts = { kill: 1_001, hang: 301 } as const;
type How = keyof typeof eventCounts;
/** More than one event may cause. */
const deathsMax = 6;

interface Counts {
  readonly held: readonly string[];
  readonly heldTries: number | null;
  readonly routed: number;
  readonly waiting: number;
  readonly runs: number;
}

interface Place {
  readonly store: string;
  count(): Promise<Counts>;
}

const countSql = `select (select count(*) from events where is_routed = 1) as routed,
  (select count(*) from events where is_routed = 0) as waiting, (select count(*) from runs) as runs`;
const heldSql = "select id, tries from events where is_routed = 2";

function toCounts(row: Record<string, unknown> | undefined, held: readonly Record<string, unknown>[]): Counts {
  const of = (name: string): number => Number(row?.[name] ?? -1);
  return {
    held: held.map(({ id }) => String(id)),
    heldTries: held[0] === undefined ? null : Number(held[0]["tries"]),
    routed: of("routed"),
    waiting: of("waiting"),
    runs: of("runs"),
  };
}

function onSqlite(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), "baton-routing-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "baton.db");
  return {
    store: `sqlite:${path}`,
    count: async () => {
      const db = new DatabaseSync(path, { readOnly: true });
      try {
        return toCounts(db.prepare(countSql).get(), db.prepare(heldSql).all());
      } finally {
        db.close();
      }
    },
  };
}

async function onPostgres(t: TestContext): Promise<Place> {
  const { url, query } = await freshSchema(t);
  return { store: url, count: async () => toCounts((await query(countSql))[0], await query(heldSql)) };
}

/** Runs the application until it ends by itself. Returns how it ended; a blocked process is killed. */
async function runApplication(t: TestContext, store: string, how: How): Promise<"done" | "died" | "blocked"> {
  const args = [
    "--conditions=source",
    join(import.meta.dirname, "application.ts"),
    store,
    how,
    String(eventCounts[how]),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let isBlocked = false;
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (!text.includes(blockedMark)) return;
    isBlocked = true;
    child.kill("SIGKILL");
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (isBlocked) return "blocked";
  if (code === 0) return "done";
  assert.ok(code === 7 || code === null, text);
  return "died";
}

async function holdsOnlyThePoison(t: TestContext, place: Place, how: How): Promise<void> {
  const ends: string[] = [];
  while (ends.at(-1) !== "done" && ends.length <= deathsMax) ends.push(await runApplication(t, place.store, how));
  assert.equal(ends.at(-1), "done");
  assert.ok(ends.length - 1 <= 3, `the process ended ${ends.length - 1} times`);
  const good = eventCounts[how] - 1;
  const held = [String(Math.floor(eventCounts[how] / 2))];
  assert.deepEqual(await place.count(), { held, heldTries: 3, routed: good, waiting: 0, runs: good });
}

const skip = await noPostgres();

describe("an application that an event ends or blocks", { concurrency: 2 }, () => {
  for (const how of ["kill", "hang"] as const) {
    const good = eventCounts[how] - 1;
    it(`is ended at most three times, and ${good} other events start their runs on SQLite (${how})`, async (t) => {
      await holdsOnlyThePoison(t, onSqlite(t), how);
    });

    it(`the same on PostgreSQL (${how})`, { skip }, async (t) => {
      await holdsOnlyThePoison(t, await onPostgres(t), how);
    });
  }
});

const definitions = `import { writeSync } from "node:fs";
import { workflow } from "baton";
const act = (how) => {
  if (how === "exit") process.exit(7);
  writeSync(2, "${blockedMark}\\n");
  for (;;);
};
const input = { "~standard": { version: 1, vendor: "test", validate: (value) => {
  if (value.how !== undefined) act(value.how);
  return { value };
} } };
export const order = workflow({ name: "order", on: { kind: "event", event: "order" }, input }, async () => {});
`;

async function send(url: string, id: string, data: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ name: "order", id, data });
  await (await fetch(`${url}/api/events`, { method: "POST", headers, body })).body?.cancel();
}

/** The held event, as the server shows it. */
async function readHeld(url: string): Promise<EventView | null> {
  const { items } = (await (await fetch(`${url}/api/events?routing=held`)).json()) as Page<EventView>;
  return items[0] ?? null;
}

function startProject(t: TestContext): CliProject & { serve(): Promise<Running & { url: string }> } {
  const project = setup(t);
  project.write("workflows/order.ts", definitions);
  project.write("baton.config.ts", `export default { routing: { limit: "1s" } };\n`);
  return { ...project, serve: () => project.start() };
}

describe("an event", { concurrency: 2 }, () => {
  it("ends a server only once, is held, and is routed after the fix", async (t) => {
    const project = startProject(t);
    const first = await project.serve();
    const sending = Promise.allSettled([
      ...Array.from({ length: 50 }, (_, n) => send(first.url, `before ${n}`, {})),
      send(first.url, "poison", { how: "exit" }),
    ]);
    await first.ended;
    await sending;

    const second = await project.serve();
    await Promise.all(Array.from({ length: 50 }, (_, n) => send(second.url, `before ${n}`, {})));
    await Promise.all(Array.from({ length: 50 }, (_, n) => send(second.url, `after ${n}`, {})));
    const held = await eventually("the event is held", () => readHeld(second.url));
    assert.deepEqual([held.id, held.tries, held.matched], ["poison", 3, 0]);
    assert.match(held.tryError ?? "", /alone exited with code 7$/);
    assert.equal(second.child.exitCode, null, "no further try ends the server");
    const detail = (await (await fetch(`${second.url}/api/events/${held.no}`)).json()) as EventDetail;
    assert.equal(detail.outcome, "dead");
    assert.match(detail.outcomeText, /^Held after 3 routing tries .* order, deploy the fix, .*baton events retry \d+$/);

    const listed = await project.baton(["events", "--held"]);
    assert.match(listed.stdout, new RegExp(`held after 3 tries: baton events retry ${held.no}`));
    const checked = await project.baton(["doctor"]);
    assert.match(checked.stdout, /events are held/);
    second.child.kill("SIGTERM");
    await second.ended;

    project.write("workflows/order.ts", definitions.replace("act(value.how)", "value.isFixed = true"));
    const third = await project.serve();
    const retried = await project.baton(["events", "retry", String(held.no), "--reason", "fixed"]);
    assert.equal(retried.code, 0, retried.stderr);
    await eventually("the event starts its run", async () => {
      const seen = (await (await fetch(`${third.url}/api/events/${held.no}`)).json()) as EventDetail;
      return seen.matched === 1 ? seen : null;
    });
    const refused = await project.baton(["events", "retry", String(held.no)]);
    assert.match(refused.stderr, /is not held: it was routed/);
    const { items } = (await (await fetch(`${third.url}/api/runs?name=order&limit=200`)).json()) as Page<{
      id: string;
    }>;
    assert.equal(items.length, 101);
  });

  it("that blocks a worker on PostgreSQL is taken over by another worker", { skip }, async (t) => {
    const project = startProject(t);
    const { url: store, query } = await freshSchema(t);
    const start = (): Running => project.launch(["worker", "--store", store], { env: { BATON_PORT: "0" } });
    const server = project.launch(["server", "--store", store, "--json"]);
    const url = await eventually("the server serves", () => {
      const line = server.lines.out.trim();
      return line.endsWith("}") ? (JSON.parse(line) as { url: string }).url : null;
    });
    const workers = [start(), start()];
    for (const worker of workers)
      await eventually("a worker runs", () => (worker.lines.out.includes("press Ctrl-C") ? true : null));
    await send(url, "poison", { how: "hang" });
    await Promise.all(Array.from({ length: 20 }, (_, n) => send(url, String(n), {})));
    const held = await eventually("the event is held", () => readHeld(url));
    assert.deepEqual([held.id, held.tries], ["poison", 3]);
    assert.match(held.tryError ?? "", /took longer than 1 s$/);
    await eventually("all others are routed", async () => {
      const rows = await query<{ n: string }>("select count(*) as n from events where is_routed = 1 and matched = 1");
      return Number(rows[0]?.n) === 20 ? true : null;
    });
    const blocked = workers.filter((worker) => worker.lines.err.startsWith(blockedMark));
    assert.equal(blocked.length >= 1, true, "one worker was blocked by the first try");
  });
});
