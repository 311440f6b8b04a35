import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../../src/wire/page.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { RunDetail } from "../../src/wire/run.ts";
import type { Backfill, ScheduleDetail, ScheduleSummary } from "../../src/wire/schedule.ts";
import { setup } from "./setup.ts";

const nightly = "/api/schedules/report%2Fnightly";

test("lists schedules with their next times, in their zone and in UTC", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<Page<ScheduleSummary>>("/api/schedules?next=2");
  assert.deepEqual(
    body.items.map((schedule) => [schedule.id, schedule.text, schedule.overlap, schedule.isLoaded, schedule.isPaused]),
    [
      ["report/nightly", "30 2 * * *", "skip", true, false],
      ["report/yearly", "once at 2126-01-01T00:00:00.000Z", "skip", true, false],
    ],
  );
  const [first, second] = body.items[0]?.next ?? [];
  assert.ok(first !== undefined && second !== undefined && Date.parse(first.at) > Date.now());
  assert.match(first.local, /^\d{4}-\d\d-\d\d 0[23]:[03]0:00 \+0[12]:00$/);
  assert.equal(body.items[1]?.next.length, 1);
  const page = await api.get<Page<ScheduleSummary>>("/api/schedules?limit=1");
  const { nextPageToken } = page.body;
  const rest = await api.get<Page<ScheduleSummary>>(`/api/schedules?limit=1&pageToken=${nextPageToken}`);
  assert.deepEqual([rest.body.items[0]?.id, rest.body.nextPageToken], ["report/yearly", null]);
  const none = await api.get<Page<ScheduleSummary>>("/api/schedules?workflow=hello");
  assert.deepEqual(none.body.items, []);
});

test("shows a schedule with its firings and the requested number of next times", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<ScheduleDetail>(`${nightly}?next=40`);
  assert.deepEqual([body.next.length, body.fires, body.gaps], [40, [], []]);
  assert.deepEqual(body.timing, {
    by: "cron",
    cron: "30 2 * * *",
    zone: "Europe/Berlin",
    gap: "next-valid",
    repeated: "once",
  });
  const missing = await api.get<Problem>("/api/schedules/report%2Fweekly");
  assert.deepEqual([missing.status, missing.body.code], [404, "not-found"]);
  const several = await api.get<Problem>("/api/schedules/report");
  assert.deepEqual([several.status, several.body.code], [409, "ambiguous"]);
  const wide = await api.get<Problem>(`${nightly}?next=101`);
  assert.equal(wide.status, 422);
});

test("pauses and resumes a schedule with actor and reason", async (t) => {
  const api = await setup(t);
  const paused = await api.post<ScheduleDetail>(`${nightly}/pause`, { reason: "stocktaking" });
  assert.deepEqual([paused.body.isPaused, paused.body.pausedWhy], [true, "stocktaking"]);
  assert.match(paused.body.pausedBy ?? "", /^local:/);
  const resumed = await api.post<ScheduleDetail>(`${nightly}/resume`, "");
  assert.deepEqual([resumed.body.isPaused, resumed.body.pausedBy, resumed.body.pausedAt], [false, null, null]);
});

test("runs a schedule now; the run records the actor and the schedule", async (t) => {
  const api = await setup(t);
  const { status, body, headers } = await api.post<RunDetail>(`${nightly}/run-now`, {});
  assert.deepEqual([status, headers.get("location")], [201, `/api/runs/${body.id}`]);
  const run = await api.until(body.id, (seen) => seen.status === "completed");
  assert.equal(run.output, "report of the night");
  assert.equal(run.startedBy.schedule, "report/nightly");
  assert.equal(run.startedBy.scheduledAt, undefined);
  assert.match(run.startedBy.by, /^local:/);
});

test("previews and backfills a past range, each time once", async (t) => {
  const api = await setup(t);
  const range = { from: "2026-03-28T12:00:00Z", to: "2026-03-31T00:00:00Z" };
  const preview = await api.post<Backfill>(`${nightly}/backfill`, { ...range, dryRun: true });
  assert.deepEqual(
    preview.body.items.map((item) => [item.scheduledAt, item.local, item.run, item.isNew]),
    [
      ["2026-03-29T01:00:00.000Z", "2026-03-29 03:00:00 +02:00", null, true],
      ["2026-03-30T00:30:00.000Z", "2026-03-30 02:30:00 +02:00", null, true],
    ],
  );
  const filled = await api.post<Backfill>(`${nightly}/backfill`, range);
  const run = await api.until(filled.body.items[0]?.run ?? "", (seen) => seen.status === "completed");
  assert.deepEqual([run.startedBy.schedule, run.startedBy.scheduledAt], ["report/nightly", "2026-03-29T01:00:00.000Z"]);
  const again = await api.post<Backfill>(`${nightly}/backfill`, range);
  assert.deepEqual(
    again.body.items.map((item) => [item.run, item.isNew]),
    filled.body.items.map((item) => [item.run, false]),
  );
  const { body } = await api.get<ScheduleDetail>(nightly);
  assert.deepEqual(
    body.fires.map((fire) => fire.outcome),
    ["fired", "fired"],
  );
});

test("refuses invalid requests and starts nothing", async (t) => {
  const api = await setup(t);
  const bodies = [{}, { from: "yesterday" }, { from: "2026-03-28T12:00:00Z", every: 1 }];
  for (const body of bodies) assert.equal((await api.post<Problem>(`${nightly}/backfill`, body)).status, 422);
  const long = await api.post<Problem>(`${nightly}/backfill`, { from: "2000-01-01T00:00:00Z" });
  assert.deepEqual([long.status, long.body.code], [413, "limit"]);
  assert.match(long.body.hint ?? "", /in parts; end the first range at 2001-/);
  assert.deepEqual((await api.get<Page<unknown>>("/api/runs")).body.items, []);
  const readOnly = await setup(t, { readOnly: true });
  assert.equal((await readOnly.post<Problem>(`${nightly}/pause`, {})).status, 405);
});
