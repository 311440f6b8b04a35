import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import type { Backfill, NextFiring, ScheduleDetail, ScheduleSummary } from "../../src/wire/schedule.ts";
import { eventually, type Place, setup } from "./baton.ts";

const nightly = `
import { on, workflow } from "baton";
export const report = workflow(
  { name: "report", on: on.schedule({ name: "nightly", cron: "30 2 * * *", zone: "Europe/Berlin", input: "night" }) },
  (_ctx, input) => "report of the " + input,
);
`;

/** A store in which a server has put the schedule. */
async function withSchedule(place: Place): Promise<void> {
  place.write("workflows/report.ts", nightly);
  const server = await place.start();
  await eventually("the schedule is there", async () =>
    (await place.json<ScheduleSummary[]>(["schedules"])).value.length === 1 ? true : null,
  );
  server.child.kill("SIGTERM");
  await server.ended;
}

test("schedules are shown, paused, resumed, run and backfilled without a server too", async (t) => {
  const place = setup(t);
  const { baton, json } = place;
  await withSchedule(place);
  const list = await baton(["schedules"]);
  assert.match(list.stdout, /^SCHEDULE +WORKFLOW +WHEN +ZONE +NEXT/);
  assert.match(
    list.stdout,
    /nightly +report +30 2 \* \* \* +Europe\/Berlin +\d{4}-\d\d-\d\d 0\d:\d\d:00 \+0\d:00 \(in \d+ (?:h|min|s)\) +-/,
  );
  const paused = await baton(["schedules", "pause", "report", "--reason", "stocktaking"]);
  assert.match(paused.stdout, /note +paused by local:\S+: stocktaking/);
  assert.match((await baton(["schedules"])).stdout, /paused +- +paused by local:/);
  const resumed = await json<ScheduleDetail>(["schedules", "resume", "report/nightly"]);
  assert.deepEqual([resumed.code, resumed.value.isPaused], [0, false]);
  const next = await json<NextFiring[]>(["schedules", "next", "report", "--count", "3"]);
  assert.equal(next.value.length, 3);
  const range = ["--from", "2026-03-28T12:00:00Z", "--to", "2026-03-30T12:00:00Z"];
  const preview = await baton(["schedules", "backfill", "report", ...range, "--dry-run"]);
  assert.match(preview.stdout, /2026-03-29 03:00:00 \+02:00 +- +would start/);
  assert.match(preview.stderr, /would start 2 of 2/);
  const filled = await json<Backfill>(["schedules", "backfill", "report", ...range]);
  assert.equal(filled.value.items.length, 2);
  const run = await json<RunDetail>(["schedules", "run", "report"]);
  assert.equal(run.value.startedBy.schedule, "report/nightly");
  assert.match(run.stderr, /no server is running/);
  const runs = await json<RunSummary[]>(["runs", "--name", "report"]);
  assert.equal(runs.value.length, 3);
  const page = await baton(["schedules", "show", "report"]);
  assert.match(page.stdout, /2026-03-29T01:00:00\.000Z +fired/);
});

test("what is not there is said so, with its exit code", async (t) => {
  const place = setup(t);
  await withSchedule(place);
  assert.equal((await place.baton(["schedules", "show", "other"])).code, 3);
  assert.equal((await place.baton(["schedules", "backfill", "report"])).code, 2);
  assert.equal((await place.baton(["schedules", "next", "report", "--count", "0"])).code, 2);
});

test("a server that is killed between two fires loses none and fires none twice", async (t) => {
  const place = setup(t);
  place.write(
    "workflows/tick.ts",
    `import { on, workflow } from "baton";
     export const tick = workflow({ name: "tick", on: on.schedule({ every: "1s", overlap: "allow" }) }, () => null);`,
  );
  const fired = (count: number): Promise<ScheduleDetail> =>
    eventually(`${count} fires`, async () => {
      const { code, value } = await place.json<ScheduleDetail>(["schedules", "show", "tick"]).catch(() => ({
        code: 1,
        value: null,
      }));
      return code === 0 && value !== null && value.fires.length >= count ? value : null;
    });
  let seen = 0;
  for (let life = 0; life < 3; life++) {
    const server = await place.start();
    const { fires } = await fired(seen + 2);
    seen = fires.length;
    server.child.kill("SIGKILL");
    await server.ended;
  }
  const { fires, gaps } = await fired(seen);
  const times = fires.map((fire) => Date.parse(fire.scheduledAt)).toReversed();
  assert.deepEqual(
    times,
    times.map((_, i) => (times[0] ?? 0) + i * 1_000),
  );
  assert.deepEqual([fires.filter((fire) => fire.outcome !== "fired"), gaps], [[], []]);
  const runs = await place.json<RunSummary[]>(["runs", "--name", "tick", "--limit", "200"]);
  assert.deepEqual(runs.value.map((run) => run.id).toSorted(), fires.map((fire) => fire.run).toSorted());
});
