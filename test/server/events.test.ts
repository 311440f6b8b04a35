import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventAccepted, EventDetail, EventView } from "../../src/wire/event.ts";
import type { Page } from "../../src/wire/page.ts";
import type { Truncated } from "../../src/wire/payload.ts";
import type { Problem } from "../../src/wire/problem.ts";
import { setup } from "./setup.ts";

test("an event wakes the run that waits for it and starts the workflows it triggers", async (t) => {
  const api = await setup(t);
  const run = await api.run("waiting", { deal: "D-1" }, (seen) => seen.status === "waiting");
  const other = await api.post<EventAccepted>("/api/events", { name: "deal.accepted", data: { deal: "D-2" } });
  assert.deepEqual([other.status, other.body.matched], [202, 0]);
  const ours = await api.post<EventAccepted>("/api/events", { name: "deal.accepted", data: { deal: "D-1", by: "Bo" } });
  assert.equal(ours.body.matched, 1);
  const done = await api.until(run.id, (seen) => seen.status === "completed");
  assert.deepEqual(done.output, { deal: "D-1", by: "Bo" });
  const won = await api.post<EventAccepted>("/api/events", { name: "deal.won", data: { deal: "D-9" } });
  assert.equal(won.body.matched, 1);
  const started = await api.until("latest", (seen) => seen.status === "completed");
  assert.deepEqual([started.name, started.startedBy], ["onboarded", { by: "event", event: `api/${won.body.id}` }]);
});

test("a repeated event returns the first response and does nothing", async (t) => {
  const api = await setup(t);
  const event = { name: "deal.won", data: { deal: "D-1" }, id: "e-1", source: "crm" };
  const first = await api.post<EventAccepted>("/api/events", event);
  const again = await api.post<EventAccepted>("/api/events", event);
  assert.deepEqual([again.status, again.body], [202, first.body]);
  const { body } = await api.get<Page<unknown>>("/api/runs?name=onboarded");
  assert.equal(body.items.length, 1);
});

test("keeps an event whose data the input schema refuses, with the reason", async (t) => {
  const api = await setup(t);
  const { body } = await api.post<EventAccepted>("/api/events", { name: "deal.won", data: { deal: 7 } });
  assert.equal(body.matched, 0);
  const events = await api.get<Page<EventView>>("/api/events?name=deal.won");
  assert.match(events.body.items[0]?.refused[0] ?? "", /^onboarded: .*input\.deal/);
});

test("accepts CloudEvents in structured and binary form", async (t) => {
  const api = await setup(t);
  const structured = {
    specversion: "1.0",
    type: "deal.won",
    source: "/crm",
    id: "c-1",
    data: { deal: "D-1" },
    ext: "x",
  };
  const first = await api.post<EventAccepted>("/api/events", structured, {
    "content-type": "application/cloudevents+json; charset=utf-8",
  });
  assert.deepEqual([first.status, first.body], [202, { id: "c-1", matched: 1 }]);
  const headers = { "ce-specversion": "1.0", "ce-type": "deal.won", "ce-source": "/crm", "ce-id": "c%2D2" };
  const second = await api.post<EventAccepted>("/api/events", { deal: "D-2" }, headers);
  assert.deepEqual(second.body, { id: "c-2", matched: 1 });
  const { body } = await api.get<Page<EventView>>("/api/events");
  assert.deepEqual(
    body.items.map((event) => [event.source, event.id, event.data]),
    [
      ["/crm", "c-2", { deal: "D-2" }],
      ["/crm", "c-1", { deal: "D-1" }],
    ],
  );
  const bad = await api.post<Problem>(
    "/api/events",
    { specversion: "0.3", type: "deal.won", id: "" },
    {
      "content-type": "application/cloudevents+json",
    },
  );
  assert.deepEqual([bad.status, bad.body.errors?.map((place) => place.path)], [422, ["id", "source", "specversion"]]);
});

test("reads large event data by its href", async (t) => {
  const api = await setup(t);
  await api.post("/api/events", { name: "big", data: "y".repeat(50_000) });
  const { body } = await api.get<Page<EventView>>("/api/events");
  const data = body.items[0]?.data as Truncated;
  assert.equal(data.bytes, 50_002);
  assert.equal((await api.get<string>(data.href)).body.length, 50_000);
});

test("an event shows what it started, or why it started nothing", async (t) => {
  const api = await setup(t);
  const detail = async (name: string, data: unknown): Promise<EventDetail> => {
    await api.post("/api/events", { name, data });
    const { body } = await api.get<Page<EventView>>(`/api/events?name=${name}&limit=1`);
    return (await api.get<EventDetail>(`/api/events/${body.items[0]?.no}`)).body;
  };
  const started = await detail("deal.won", { deal: "D-1" });
  assert.deepEqual(
    [started.outcome, started.outcomeText, started.listeners],
    ["matched", "Started or resumed one run", ["onboarded"]],
  );
  assert.deepEqual([started.runs[0]?.name, started.runs[0]?.how], ["onboarded", "started"]);
  const refused = await detail("deal.won", { deal: 7 });
  assert.equal(refused.outcome, "refused");
  assert.match(refused.outcomeText, /^Started nothing: onboarded: .*deal/);
  const missing = await detail("deal.lost", {});
  assert.deepEqual([missing.outcome, missing.waiting, missing.listeners], ["no-listener", 0, []]);
  const waiter = await api.run("waiting", { deal: "D-1" }, (run) => run.status === "waiting");
  const other = await detail("deal.accepted", { deal: "D-2" });
  assert.deepEqual([other.outcome, other.waiting], ["no-match", 1]);
  assert.deepEqual(other.waits, [
    {
      run: waiter.id,
      name: "waiting",
      step: "deal.accepted",
      match: { deal: "D-1" },
      differs: [{ path: "deal", wanted: "D-1", got: "D-2" }],
    },
  ]);
  assert.match(other.outcomeText, /deal is "D-2", expected "D-1"$/);
  const met = await detail("deal.accepted", { deal: "D-1" });
  assert.deepEqual(met.runs, [{ id: waiter.id, name: "waiting", how: "woke" }]);
  assert.equal((await api.get("/api/events/999999")).status, 404);
});
