import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import { until } from "../../examples/customer-onboarding/processes/until.ts";
import { freshSchema, noPostgres } from "../postgres/server.ts";
import type { ActRequest } from "./cluster/act.ts";
import { openLine } from "./cluster/line.ts";
import { openWorkerProcess, type WorkerCommand, type WorkerProcess } from "./cluster/worker-process.ts";

/** An act whose answer is up to the test. */
interface OpenAct extends ActRequest {
  /** The worker has hung up before it was answered. */
  isLetGo: boolean;
  answer(): void;
}

/** A world that answers when the test says so. */
async function openSlowWorld(test: TestContext) {
  const acts: OpenAct[] = [];
  const held = new Set<number>();
  const hear = (request: ActRequest, response: ServerResponse): void => {
    const answer = (): void => void response.end(JSON.stringify({ receipt: `from ${request.pid}` }));
    const act: OpenAct = { ...request, isLetGo: false, answer };
    response.on("close", () => {
      act.isLetGo = !response.writableEnded;
    });
    acts.push(act);
    if (!held.has(request.pid)) answer();
  };
  const server = createServer((request, response) => {
    text(request).then(
      (body) => hear(JSON.parse(body) as ActRequest, response),
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { acts, url, held };
}

async function setup(test: TestContext) {
  const logDir = mkdtempSync(join(tmpdir(), "baton-faults-"));
  test.after(() => rmSync(logDir, { recursive: true, force: true }));
  const { url: store, query } = await freshSchema(test, "baton_faults");
  const world = await openSlowWorld(test);
  const launch = async (index: number): Promise<WorkerProcess> => {
    const line = await openLine(Number(new URL(store).port));
    test.after(() => line.close());
    const address = new URL(store);
    address.port = `${line.port}`;
    const settings = { store: address.href, worldUrl: world.url };
    const worker = openWorkerProcess({ index, line, settings, logDir, env: {} });
    test.after(async () => {
      worker.thaw();
      await worker.end();
    });
    worker.launch();
    await until(() => worker.url(), { what: `worker ${index} is open`, signal: test.signal });
    return worker;
  };
  const start = async (worker: WorkerProcess, id: string): Promise<string> => {
    const ask: WorkerCommand = { what: "start", kind: "linear", order: { id, lane: "" } };
    const response = await fetch(worker.url() ?? "", { method: "POST", body: JSON.stringify(ask) });
    return ((await response.json()) as { id: string }).id;
  };
  const results = (run: string): Promise<{ key: string; value: string }[]> =>
    query("select s.key, s.value from steps s join runs r on r.no = s.run where r.id = $1 order by s.seq", [run]);
  const ended = (run: string): Promise<boolean> =>
    until(
      async () =>
        (await query<{ ended: string }>("select ended from runs where id = $1", [run]))[0]?.ended === "completed",
      { what: `run ${run} is completed`, signal: test.signal },
    );
  const workers = (): Promise<{ incarnation: string; name: string; is_dead: number }[]> =>
    query("select incarnation::text, name, is_dead::int from workers order by started_at");
  const actOf = (run: string, pid: number) => world.acts.find((act) => act.run === run && act.pid === pid);
  /** Settles with its two incarnations when a worker process has joined for the second time. */
  const rejoined = (pid: number) =>
    until(
      async () => {
        const rows = (await workers()).filter(({ name }) => name.endsWith(`:${pid}`));
        return rows.length === 2 && rows;
      },
      { what: `process ${pid} joins anew`, signal: test.signal },
    );
  return { world, launch, start, results, ended, actOf, rejoined };
}

describe("a worker that has lost its lease", { concurrency: true }, async () => {
  const skip = await noPostgres();
  it("writes nothing when it wakes from a freeze, lets go of what it held and joins anew", { skip }, async (test) => {
    const { world, launch, start, results, ended, actOf, rejoined } = await setup(test);
    const frozen = await launch(0);
    const frozenPid = frozen.pid() ?? 0;
    world.held.add(frozenPid);
    const [answered, unanswered] = [await start(frozen, "answered"), await start(frozen, "unanswered")];
    await until(() => actOf(answered, frozenPid) && actOf(unanswered, frozenPid), { what: "both steps are under way" });

    const heir = await launch(1);
    const heirPid = heir.pid() ?? 0;
    frozen.freeze();
    // It lies in the frozen worker's socket: a result of a lease that is over by the time it is read.
    actOf(answered, frozenPid)?.answer();
    await ended(answered);
    await ended(unanswered);
    assert.equal(actOf(unanswered, frozenPid)?.isLetGo, false);
    const actCount = world.acts.length;

    frozen.thaw();
    await until(() => actOf(unanswered, frozenPid)?.isLetGo, { what: "the frozen worker lets go of its step" });
    const [first, second] = await rejoined(frozenPid);
    assert.equal(first?.is_dead, 1);
    assert.equal(second?.is_dead, 0);
    assert.equal(world.acts.length, actCount, "it has started nothing of what it had lost");
    for (const run of [answered, unanswered]) {
      const values = (await results(run)).map(({ key, value }) => [key, JSON.parse(value)]);
      assert.deepEqual(
        values,
        ["a", "b", "c"].map((key) => [key, `from ${heirPid}`]),
      );
    }

    await heir.kill();
    world.held.clear();
    const next = await start(frozen, "next");
    await ended(next);
    assert.ok(actOf(next, frozenPid), "it works on");
    assert.deepEqual(frozen.strangeDeaths, []);
  });

  it("is refused a result that was on its way when the lease ran out", { skip }, async (test) => {
    const { world, launch, start, results, ended, actOf, rejoined } = await setup(test);
    const cut = await launch(0);
    const cutPid = cut.pid() ?? 0;
    world.held.add(cutPid);
    const run = await start(cut, "late");
    await until(() => actOf(run, cutPid), { what: "its step is under way" });
    const heir = await launch(1);
    const heirPid = heir.pid() ?? 0;
    world.held.add(heirPid);

    // From here on what the worker writes lies in the line, and it is the line that keeps it over the end of the lease.
    cut.line.set({ isThereHeld: true });
    actOf(run, cutPid)?.answer();
    await until(() => actOf(run, heirPid), { what: "the heir has taken the run over" });
    cut.line.set({});
    await rejoined(cutPid);
    world.held.clear();
    actOf(run, heirPid)?.answer();
    await ended(run);
    const values = (await results(run)).map(({ key, value }) => [key, JSON.parse(value)]);
    assert.deepEqual(
      values,
      ["a", "b", "c"].map((key) => [key, `from ${heirPid}`]),
    );
    assert.deepEqual([...cut.strangeDeaths, ...heir.strangeDeaths], []);
  });
});
