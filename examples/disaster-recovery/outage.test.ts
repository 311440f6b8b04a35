import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestBaton } from "baton/testing";
import { createSimulator } from "../kit/simulation.ts";
import { type Infrastructure, startInfrastructure } from "./services.ts";
import { disasterRecovery, outageAlerts } from "./workflow.ts";

const outage = (site: string, severity: "minor" | "critical" = "minor", detail = "no answer") => ({
  site,
  standby: `${site}-standby`,
  severity,
  detail,
});

const finish = (test: TestBaton, site: string): Promise<unknown> =>
  test.emit({ name: "restore.finished", data: { restoreId: `RESTORE-${site}` }, id: `restored ${site}` });
const takeDown = ({ traffic }: Infrastructure, site: string): unknown =>
  traffic.rows("insert into down values (?) returning site", site);
const routes = ({ traffic }: Infrastructure): unknown[] => traffic.rows("select * from routes");

const restored = ["pager.alert", "backups.restore", "traffic.validate", "pager.alert"];
const rerouted = [
  "pager.alert",
  "backups.restore",
  "backups.abandon",
  "traffic.reroute",
  "pager.alert",
  "traffic.validate",
];

describe("disaster recovery", () => {
  const { simulate, simulateCrashes } = createSimulator(startInfrastructure, [disasterRecovery, outageAlerts]);

  it("validates a restore in time and does not reroute", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(disasterRecovery, outage("fra"));
      await test.advance("10m");
      await finish(test, "fra");
      assert.deepEqual(await run.result(), { status: "restored" });
      assert.deepEqual(done(), restored);
      assert.deepEqual(routes(systems), []);
    }));

  it("abandons a late restore and reroutes the traffic to the standby", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(disasterRecovery, outage("fra"));
      assert.deepEqual(await run.result(), { status: "rerouted", servedBy: "fra-standby" });
      assert.deepEqual(done(), rerouted);
      assert.equal(routes(systems).length, 1);
    }));

  it("routes the traffic back if the standby does not work, and fails with the reason", () =>
    simulate(async ({ test, systems, done }) => {
      takeDown(systems, "fra-standby");
      const run = await test.start(disasterRecovery, outage("fra"));
      await assert.rejects(run.result(), /fra-standby is not serving fra/);
      assert.deepEqual(done().slice(-2), ["traffic.validate", "traffic.sendBack"]);
      assert.deepEqual(routes(systems), []);
      assert.equal((await run.detail()).row.reason?.code, "compensated");
    }));

  it("many alerts about a site start one recovery, and further alerts during it start none", () =>
    simulate(async ({ test, done }) => {
      for (let n = 1; n <= 20; n++) {
        await test.emit({ name: "outage.detected", data: outage("fra", "minor", `alert ${n}`) });
        await test.advance("1s");
      }
      await test.emit({ name: "outage.detected", data: outage("ams") });
      await test.advance("1m");
      await test.emit({ name: "outage.detected", data: outage("fra", "minor", "still down") });
      await test.advance("1m");
      const runs = await test.baton.runs({ name: "disaster-recovery" });
      assert.deepEqual(runs.map((run) => run.key).toSorted(), ["site:ams", "site:fra"]);
      assert.deepEqual(done("fra"), ["pager.alert", "backups.restore"]);
      assert.equal(done("down: alert 20").length, 1);
    }));

  it("a critical outage starts before minor ones that were queued earlier", () =>
    simulate(async ({ test, systems }) => {
      const order: string[] = [];
      systems.pager.onServed(({ id }) => order.push(id?.split("/")[1] ?? ""));
      systems.pager.injectFault("alert", { mode: "hang", times: 2 });
      for (const site of ["a", "b"]) await test.start(disasterRecovery, outage(site));
      await test.settle();
      for (const site of ["c", "d"]) await test.start(disasterRecovery, outage(site));
      await test.start(disasterRecovery, outage("e", "critical"));
      await test.settle();
      await test.crash();
      await test.advance("1s");
      assert.deepEqual(
        order.filter((site) => "cde".includes(site) && site !== ""),
        ["e", "c", "d"],
      );
    }));

  it("fails after four hours", () =>
    simulate(async ({ test, systems }) => {
      systems.traffic.injectFault("reroute", { mode: "hang" });
      const run = await test.start(disasterRecovery, outage("fra"));
      await test.advance("5h");
      const { row } = await run.detail();
      assert.deepEqual([row.status, row.reason?.code], ["failed", "compensated"]);
      assert.match(row.error?.message ?? "", /missed its deadline 2026-01-01T04:00:00/);
    }));

  it("reroutes once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, done, retryOnCrash }) => {
      const run = await retryOnCrash(() => test.start(disasterRecovery, outage("fra"), { idempotencyKey: "fra" }));
      assert.equal((await run.result()).status, "rerouted");
      assert.deepEqual(done(), rerouted);
    }));

  it("routes the traffic back once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, systems, retryOnCrash }) => {
      takeDown(systems, "fra-standby");
      const run = await retryOnCrash(() => test.start(disasterRecovery, outage("fra"), { idempotencyKey: "fra" }));
      await assert.rejects(run.result(), /is not serving/);
      const operations = systems.traffic.operations().map(({ operation }) => operation);
      assert.deepEqual(operations, ["reroute", "validate", "sendBack"]);
      assert.deepEqual(routes(systems), []);
    }));
});
