import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { RunDetail } from "../../src/wire/run.ts";
import type { RunPatch } from "../../src/wire/stream.ts";
import { type Api, eventually, setup } from "./setup.ts";
import { hold, levers } from "./workflows/hello.ts";

interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

interface Listener {
  readonly received: StreamEvent[];
  stop(): Promise<void>;
}

/** Reads a stream as a browser does. */
async function listen(t: TestContext, api: Api, query = "", headers: Record<string, string> = {}): Promise<Listener> {
  const stop = new AbortController();
  const response = await fetch(`${api.url}/api/stream${query}`, { headers, signal: stop.signal });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const received: StreamEvent[] = [];
  const reading = read(response, received).catch(() => {});
  const end = async (): Promise<void> => {
    stop.abort();
    await reading;
  };
  t.after(end);
  await eventually("the stream is ready", () => received.find((each) => each.event === "ready") ?? null);
  return { received, stop: end };
}

async function read(response: Response, received: StreamEvent[]): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (fields["event"] !== undefined)
        received.push({ id: fields["id"], event: fields["event"], data: JSON.parse(fields["data"]) });
    }
  }
}

function patchOf(listener: Listener, id: string, status: string): Promise<StreamEvent> {
  return eventually(`${id} is reported as ${status}`, () => {
    const found = listener.received.find(
      ({ event, data }) =>
        event === "run.changed" && (data as RunPatch).id === id && (data as RunPatch).status === status,
    );
    return found ?? null;
  });
}

test("streams changes of runs with increasing ids", async (t) => {
  const api = await setup(t);
  const listener = await listen(t, api);
  const run = await api.run("nap", {}, (seen) => seen.status === "waiting");
  const received = await patchOf(listener, run.id, "waiting");
  assert.match((received.data as RunPatch).reasonText ?? "", /^waiting for "rest" until/);
  const ids = listener.received.map((each) => Number(each.id));
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );
});

test("a client that reconnects with its last id gets each missed change once", async (t) => {
  const api = await setup(t);
  const first = await listen(t, api);
  const seen = await api.run("hello", { name: "Ada" });
  const last = await patchOf(first, seen.id, "completed");
  await first.stop();
  const missed = await api.run("hello", { name: "Bob" });
  const again = await listen(t, api, "", { "last-event-id": last.id });
  await patchOf(again, missed.id, "completed");
  assert.equal(
    again.received.some((each) => (each.data as RunPatch).id === seen.id),
    false,
  );
  assert.equal(
    again.received.some((each) => each.event === "reset"),
    false,
  );
});

test("a last id that is too old or from another process gets a reset", async (t) => {
  const api = await setup(t);
  for (const last of ["1", "9999999999999999"]) {
    const listener = await listen(t, api, `?after=${last}`);
    assert.equal(listener.received[0]?.event, "reset");
  }
});

test("a burst is streamed as a count, and in full to a client that follows one of its runs", async (t) => {
  const api = await setup(t);
  const { body: followed } = await api.post<RunDetail>("/api/runs", { name: "nap", after: "1h" });
  const list = await listen(t, api);
  const one = await listen(t, api, `?topics=run:${followed.id}`);
  // One commit: separate requests can arrive slowly on a busy machine, and would then rightly be sent one by one.
  const burst = Array.from({ length: 200 }, () => ({ input: {}, options: { after: "1h" } }));
  await Promise.all([
    api.server.instance.engine.startRuns("nap", burst, { by: "test" }),
    api.post(`/api/runs/${followed.id}/cancel`, {}),
  ]);
  await patchOf(one, followed.id, "cancelled");
  const counts = await eventually("all are counted", () => {
    const received = list.received
      .filter((each) => each.event === "runs.changed")
      .map((each) => (each.data as { count: number }).count);
    const singles = list.received.filter((each) => each.event === "run.changed").length;
    return received.reduce((sum, count) => sum + count, 0) + singles >= 201 ? { received, singles } : null;
  });
  assert.ok(counts.singles <= 60, `${counts.singles} sent one by one`);
  assert.equal(one.received.filter((each) => each.event !== "ready").length, 1);
});

test("counts its listeners and drops one that disconnects", async (t) => {
  const api = await setup(t);
  const listener = await listen(t, api);
  assert.match((await api.get<string>("/metrics")).body, /^baton_stream_listeners 1$/m);
  await listener.stop();
  await eventually("the listener is removed", async () =>
    /^baton_stream_listeners 0$/m.test((await api.get<string>("/metrics")).body) ? true : null,
  );
});

test("streams new results to a client that follows the run, and not to lists", async (t) => {
  const api = await setup(t);
  hold();
  const run = await api.run("long", {}, (seen) => seen.stepsDone === 1);
  const list = await listen(t, api);
  const one = await listen(t, api, `?topics=run:${run.id}`);
  const steps = (listener: Listener): (number | undefined)[] =>
    listener.received.filter(({ event }) => event === "run.changed").map(({ data }) => (data as RunPatch).steps);
  await eventually("the first result is streamed", () => (steps(one).includes(1) ? true : null));
  assert.deepEqual(steps(list), []);
  levers.release();
  await patchOf(one, run.id, "completed");
  await eventually("the last result is streamed", () => (steps(one).includes(2) ? true : null));
});

test("a topic of an unknown run does not affect the other topics of the stream", async (t) => {
  const api = await setup(t);
  const { received } = await listen(t, api, "?topics=runs:list,run:run_00000000-0000-7000-8000-000000000000");
  const { id } = await api.run("hello", { name: "Ada" });
  await eventually("the run is streamed", () => received.find((each) => (each.data as RunPatch).id === id) ?? null);
});
