import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestBaton } from "baton/testing";
import { createSimulator } from "../kit/simulation.ts";
import { type Platform, startPlatform } from "./services.ts";
import { releasePipeline, rollout } from "./workflow.ts";

const decide = (test: TestBaton, release: string, approved: boolean): Promise<unknown> =>
  test.emit({ name: "release.decided", data: { release, approved, by: "ada" }, id: `decision on ${release}` });

const liveImage = ({ cluster }: Platform, environment: string): unknown =>
  cluster.rows("select image from live where environment = ?", environment)[0]?.["image"] ?? null;

const four = ["builder.test", "builder.test", "builder.test", "builder.test"];
const untilApproval = ["builder.build", ...four, "cluster.deploy", "chat.post"];
const healthy = ["cluster.checkHealth", "cluster.checkHealth", "cluster.checkHealth"];
const released = [...untilApproval, "cluster.deploy", ...healthy, "chat.post"];

describe("the release pipeline", () => {
  const { simulate, simulateCrashes } = createSimulator(startPlatform, [releasePipeline, rollout]);

  it("builds, tests on every platform, stages, waits for approval, and releases", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(releasePipeline, { service: "web", commit: "a1" });
      await test.advance("1h");
      assert.deepEqual(done(), untilApproval);
      assert.deepEqual([liveImage(systems, "staging"), liveImage(systems, "production")], ["web:a1", null]);
      assert.equal((await run.detail()).row.reason?.code, "event");
      await decide(test, "web@a1", true);
      assert.deepEqual(await run.result(), { status: "released", approvedBy: "ada" });
      assert.deepEqual(done(), released);
      assert.equal(liveImage(systems, "production"), "web:a1");
    }));

  it("ends before production if it is rejected or not decided within two days", () =>
    simulate(async ({ test, systems, done }) => {
      const rejected = await test.start(releasePipeline, { service: "web", commit: "a1" });
      await test.settle();
      await decide(test, "web@a1", false);
      assert.deepEqual(await rejected.result(), { status: "rejected" });
      const expired = await test.start(releasePipeline, { service: "web", commit: "a2" });
      assert.deepEqual(await expired.result(), { status: "expired" });
      assert.equal(liveImage(systems, "production"), null);
      assert.equal(done("production").length, 0);
    }));

  it("a failed test on one platform stops the release before anything is deployed", () =>
    simulate(async ({ test, done }) => {
      const run = await test.start(releasePipeline, { service: "web", commit: "red" });
      await assert.rejects(run.result(), /a test failed on linux/);
      assert.deepEqual(done(), ["builder.build"]);
      assert.equal((await run.detail()).row.status, "failed");
    }));

  it("tests at most two platforms at once", () =>
    simulate(async ({ test, systems, done }) => {
      systems.builder.injectFault("test", { mode: "hang", only: "linux" });
      await test.start(releasePipeline, { service: "web", commit: "a1" });
      await test.settle();
      assert.deepEqual(done(), ["builder.build"], "the two tests that hang block the others");
    }));

  it("stops if staging is down, and resume continues there without building again", () =>
    simulate(async ({ test, systems, done }) => {
      systems.cluster.injectFault("deploy", { mode: 503, only: "staging" });
      const run = await test.start(releasePipeline, { service: "web", commit: "a1" });
      await assert.rejects(run.result(), /503/);
      systems.cluster.clearFaults();
      await run.resume();
      await decide(test, "web@a1", true);
      assert.equal((await run.result()).status, "released");
      assert.deepEqual(done(), released);
    }));

  it("rolls back an unhealthy version, and the release is a dead letter", () =>
    simulate(async ({ test, systems, done }) => {
      const good = await test.start(releasePipeline, { service: "web", commit: "good" });
      await test.settle();
      await decide(test, "web@good", true);
      await good.result();
      const bad = await test.start(releasePipeline, { service: "web", commit: "bad" });
      await test.settle();
      await decide(test, "web@bad", true);
      await assert.rejects(bad.result(), /0.31 errors per request in minute 1/);
      assert.equal(liveImage(systems, "production"), "web:good");
      assert.equal(liveImage(systems, "staging"), "web:bad", "staging keeps the version for investigation");
      assert.deepEqual(done("web:bad").slice(-2), ["cluster.deploy", "cluster.checkHealth"]);
      const [child] = await test.baton.runs({ name: "rollout", status: "failed" });
      assert.equal(child?.reason?.code, "compensated");
      assert.equal((await bad.detail()).row.status, "failed");
      await bad.dismiss();
      assert.equal((await bad.detail()).row.reason?.code, "dismissed");
    }));

  it("releases to one environment run one at a time", () =>
    simulate(async ({ test }) => {
      const first = await test.start(releasePipeline, { service: "web", commit: "a1" });
      const second = await test.start(releasePipeline, { service: "web", commit: "a2" });
      const elsewhere = await test.start(releasePipeline, { service: "web", commit: "a3", environment: "edge" });
      await test.settle();
      assert.equal((await elsewhere.detail()).row.reason?.code, "event");
      const { row } = await second.detail();
      assert.ok(row.reason?.code === "slot");
      assert.deepEqual(row.reason.holders, [first.id]);
      await decide(test, "web@a1", false);
      await first.result();
      await test.settle();
      assert.equal((await second.detail()).row.reason?.code, "event");
    }));

  it("releases once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, done, retryOnCrash }) => {
      const input = { service: "web", commit: "a1", platforms: ["linux", "macos"] };
      const run = await retryOnCrash(() => test.start(releasePipeline, input, { idempotencyKey: "a1" }));
      await test.settle();
      await retryOnCrash(() => decide(test, "web@a1", true));
      assert.equal((await run.result()).status, "released");
      assert.deepEqual(done(), [
        "builder.build",
        ...four.slice(2),
        ...untilApproval.slice(5),
        "cluster.deploy",
        ...healthy,
        "chat.post",
      ]);
    }));

  it("rolls back once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, systems, retryOnCrash }) => {
      const input = { environment: "production", service: "web", image: "web:bad" };
      const run = await retryOnCrash(() => test.start(rollout, input, { idempotencyKey: "bad" }));
      await assert.rejects(run.result(), /errors per request/);
      assert.equal(liveImage(systems, "production"), null);
      assert.deepEqual(
        systems.cluster.operations().map(({ operation }) => operation),
        ["deploy", "checkHealth", "rollBack"],
      );
    }));
});
