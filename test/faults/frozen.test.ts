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
import type { EffectRequest } from "./cluster/effect.ts";
import { openLine } from "./cluster/line.ts";
import { openWorkerProcess, type WorkerCommand, type WorkerProcess } from "./cluster/worker-process.ts";

/** A call of a step that the test answers. */
interface OpenCall extends EffectRequest {
  /** Whether the worker closed the connection before the answer. */
  isAborted: boolean;
  answer(): void;
}

/** External systems that answer when the test says so. */
async function openSlowWorld(test: TestContext) {
  const calls: OpenCall[] = [];
  const held = new Set<number>();
  const receive = (request: EffectRequest, response: ServerResponse): void => {
    const answer = (): void => void response.end(JSON.stringify({ receipt: `from ${request.pid}` }));
    const call: OpenCall = { ...request, isAborted: false, answer };
    response.on("close", () => {
      call.isAborted = !response.writableEnded;
    });
    calls.push(call);
    if (!held.has(request.pid)) answer();
  };
  const server = createServer((request, response) => {
    text(request).then(
      (body) => receive(JSON.parse(body) as EffectRequest, response),
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
  return { calls, url, held };
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
    const command: WorkerCommand = { what: "start", kind: "linear", order: { id, lane: "" } };
    const response = await fetch(worker.url() ?? "", { method: "POST", body: JSON.stringify(command) });
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
  const callOf = (run: string, pid: number) => world.calls.find((call) => call.run === run && call.pid === pid);
  /** Resolves with its two incarnations when a worker process has joined for the second time. */
  const rejoined = (pid: number) =>
    until(
      async () => {
        const rows = (await workers()).filter(({ name }) => name.endsWith(`:${pid}`));
        return rows.length === 2 && rows;
      },
      { what: `process ${pid} joins again`, signal: test.signal },
    );
  return { world, launch, start, results, ended, callOf, rejoined };
}

describe("a worker that has lost its lease", { concurrency: true }, async () => {
  const skip = await noPostgres();
  it("writes nothing after a freeze, aborts its steps and joins again", { skip }, async (test) => {
    const { world, launch, start, results, ended, callOf, rejoined } = await setup(test);
    const frozen = await launch(0);
    const frozenPid = frozen.pid() ?? 0;
    world.held.add(frozenPid);
    const [answered, unanswered] = [await start(frozen, "answered"), await start(frozen, "unanswered")];
    await until(() => callOf(answered, frozenPid) && callOf(unanswered, frozenPid), { what: "both steps are running" });

    const successor = await launch(1);
    const successorPid = successor.pid() ?? 0;
    frozen.freeze();
    // It stays in the frozen worker's socket: a result for a lease that has expired when it is read.
    callOf(answered, frozenPid)?.answer();
    await ended(answered);
    await ended(unanswered);
    assert.equal(callOf(unanswered, frozenPid)?.isAborted, false);
    const callCount = world.calls.length;

    frozen.thaw();
    await until(() => callOf(unanswered, frozenPid)?.isAborted, { what: "the frozen worker aborts its step" });
    const [first, second] = await rejoined(frozenPid);
    assert.equal(first?.is_dead, 1);
    assert.equal(second?.is_dead, 0);
    assert.equal(world.calls.length, callCount, "it has started no step of a lost run");
    for (const run of [answered, unanswered]) {
      const values = (await results(run)).map(({ key, value }) => [key, JSON.parse(value)]);
      assert.deepEqual(
        values,
        ["a", "b", "c"].map((key) => [key, `from ${successorPid}`]),
      );
    }

    await successor.kill();
    world.held.clear();
    const next = await start(frozen, "next");
    await ended(next);
    assert.ok(callOf(next, frozenPid), "it continues to work");
    assert.deepEqual(frozen.unexpectedExits, []);
  });

  it("cannot commit a result that was in transit when its lease expired", { skip }, async (test) => {
    const { world, launch, start, results, ended, callOf, rejoined } = await setup(test);
    const cut = await launch(0);
    const cutPid = cut.pid() ?? 0;
    world.held.add(cutPid);
    const run = await start(cut, "late");
    await until(() => callOf(run, cutPid), { what: "its step is running" });
    const successor = await launch(1);
    const successorPid = successor.pid() ?? 0;
    world.held.add(successorPid);

    // From here on the line holds what the worker writes until after its lease has expired.
    cut.line.set({ isRequestHeld: true });
    callOf(run, cutPid)?.answer();
    await until(() => callOf(run, successorPid), { what: "the successor has taken over the run" });
    cut.line.set({});
    await rejoined(cutPid);
    world.held.clear();
    callOf(run, successorPid)?.answer();
    await ended(run);
    const values = (await results(run)).map(({ key, value }) => [key, JSON.parse(value)]);
    assert.deepEqual(
      values,
      ["a", "b", "c"].map((key) => [key, `from ${successorPid}`]),
    );
    assert.deepEqual([...cut.unexpectedExits, ...successor.unexpectedExits], []);
  });
});
