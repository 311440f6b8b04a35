import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import type { Backfill, NextFiring, ScheduleDetail, ScheduleSummary } from "../../src/wire/schedule.ts";
import { type CliProject, eventually, setup } from "./baton.ts";

const nightly = `
import { on, workflow } from "baton";
export const report = workflow(
  { name: "report", on: on.schedule({ name: "nightly", cron: "30 2 * * *", zone: "Europe/Berlin", input: "night" }) },
  (_ctx, input) => "report of the " + input,
);
`;

/** Creates a store in which a server has registered the schedule. */
async function withSchedule(project: CliProject): Promise<void> {
  project.write("workflows/report.ts", nightly);
  const server = await project.start();
  await eventually("the schedule exists", async () =>
    (await project.json<ScheduleSummary[]>(["schedules"])).value.length === 1 ? true : null,
  );
  server.child.kill("SIGTERM");
  await server.ended;
}

test("shows, pauses, resumes, runs and backfills schedules without a server", async (t) => {
  const project = setup(t);
  const { baton, json } = project;
  await withSchedule(project);
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

test("unknown schedules and missing options fail with their exit codes", async (t) => {
  const project = setup(t);
  await withSchedule(project);
  assert.equal((await project.baton(["schedules", "show", "other"])).code, 3);
  assert.equal((await project.baton(["schedules", "backfill", "report"])).code, 2);
  assert.equal((await project.baton(["schedules", "next", "report", "--count", "0"])).code, 2);
});

test("a server killed between two firings loses none and repeats none", async (t) => {
  const project = setup(t);
  project.write(
    "workflows/tick.ts",
    `import { on, workflow } from "baton";
     export const tick = workflow({ name: "tick", on: on.schedule({ every: "1s", overlap: "allow" }) }, () => null);`,
  );
  const fired = (count: number): Promise<ScheduleDetail> =>
    eventually(`${count} firings`, async () => {
      const { code, value } = await project.json<ScheduleDetail>(["schedules", "show", "tick"]).catch(() => ({
        code: 1,
        value: null,
      }));
      return code === 0 && value !== null && value.fires.length >= count ? value : null;
    });
  let seen = 0;
  for (let i = 0; i < 3; i++) {
    const server = await project.start();
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
  const runs = await project.json<RunSummary[]>(["runs", "--name", "tick", "--limit", "200"]);
  assert.deepEqual(runs.value.map((run) => run.id).toSorted(), fires.map((fire) => fire.run).toSorted());
});
