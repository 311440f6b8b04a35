import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestBaton } from "baton/testing";
import { livesOf } from "../kit/lives.ts";
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
const kill = ({ traffic }: Infrastructure, site: string): unknown =>
  traffic.rows("insert into dead values (?) returning site", site);
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
  const { live, killedEverywhere } = livesOf(startInfrastructure, [disasterRecovery, outageAlerts]);

  it("a restore in time is validated, and the traffic stays where it is", () =>
    live(async ({ test, systems, done }) => {
      const run = await test.start(disasterRecovery, outage("fra"));
      await test.advance("10m");
      await finish(test, "fra");
      assert.deepEqual(await run.result(), { status: "restored" });
      assert.deepEqual(done(), restored);
      assert.deepEqual(routes(systems), []);
    }));

  it("a restore that is late is abandoned, and the standby takes the traffic", () =>
    live(async ({ test, systems, done }) => {
      const run = await test.start(disasterRecovery, outage("fra"));
      assert.deepEqual(await run.result(), { status: "rerouted", servedBy: "fra-standby" });
      assert.deepEqual(done(), rerouted);
      assert.equal(routes(systems).length, 1);
    }));

  it("traffic goes back when the standby does not serve, and the failure says why", () =>
    live(async ({ test, systems, done }) => {
      kill(systems, "fra-standby");
      const run = await test.start(disasterRecovery, outage("fra"));
      await assert.rejects(run.result(), /fra-standby does not serve fra/);
      assert.deepEqual(done().slice(-2), ["traffic.validate", "traffic.sendBack"]);
      assert.deepEqual(routes(systems), []);
      assert.equal((await run.detail()).row.reason?.code, "compensated");
    }));

  it("a storm of alerts about a site is one recovery, and further ones while it goes on are none", () =>
    live(async ({ test, done }) => {
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

  it("a critical outage goes before the minor ones that came first", () =>
    live(async ({ test, systems }) => {
      const order: string[] = [];
      systems.pager.onServed(({ id }) => order.push(id?.split("/")[1] ?? ""));
      systems.pager.breakDown("alert", { mode: "hang", times: 2 });
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

  it("an outage that lasts four hours is given up, and a person sees it", () =>
    live(async ({ test, systems }) => {
      systems.traffic.breakDown("reroute", { mode: "hang" });
      const run = await test.start(disasterRecovery, outage("fra"));
      await test.advance("5h");
      const { row } = await run.detail();
      assert.deepEqual([row.status, row.reason?.code], ["failed", "compensated"]);
      assert.match(row.error?.message ?? "", /was not done by 2026-01-01T04:00:00/);
    }));

  it("reroutes once when the process dies at any store operation", () =>
    killedEverywhere(async ({ test, done, insist }) => {
      const run = await insist(() => test.start(disasterRecovery, outage("fra"), { idempotencyKey: "fra" }));
      assert.equal((await run.result()).status, "rerouted");
      assert.deepEqual(done(), rerouted);
    }));

  it("sends the traffic back once when the process dies at any store operation", () =>
    killedEverywhere(async ({ test, systems, insist }) => {
      kill(systems, "fra-standby");
      const run = await insist(() => test.start(disasterRecovery, outage("fra"), { idempotencyKey: "fra" }));
      await assert.rejects(run.result(), /does not serve/);
      const acts = systems.traffic.acts().map(({ act }) => act);
      assert.deepEqual(acts, ["reroute", "validate", "sendBack"]);
      assert.deepEqual(routes(systems), []);
    }));
});
