import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestBaton } from "baton/testing";
import { livesOf } from "../kit/lives.ts";
import { type Platform, startPlatform } from "./services.ts";
import { releasePipeline, rollout } from "./workflow.ts";

const decide = (test: TestBaton, release: string, approved: boolean): Promise<unknown> =>
  test.emit({ name: "release.decided", data: { release, approved, by: "ada" }, id: `decision on ${release}` });

const live = ({ cluster }: Platform, environment: string): unknown =>
  cluster.rows("select image from live where environment = ?", environment)[0]?.["image"] ?? null;

const four = ["builder.test", "builder.test", "builder.test", "builder.test"];
const untilApproval = ["builder.build", ...four, "cluster.deploy", "chat.post"];
const healthy = ["cluster.checkHealth", "cluster.checkHealth", "cluster.checkHealth"];
const released = [...untilApproval, "cluster.deploy", ...healthy, "chat.post"];

describe("the release pipeline", () => {
  const { live: within, killedEverywhere } = livesOf(startPlatform, [releasePipeline, rollout]);

  it("builds, tests on every platform, stages, waits for approval, and releases", () =>
    within(async ({ test, systems, done }) => {
      const run = await test.start(releasePipeline, { service: "web", commit: "a1" });
      await test.advance("1h");
      assert.deepEqual(done(), untilApproval);
      assert.deepEqual([live(systems, "staging"), live(systems, "production")], ["web:a1", null]);
      assert.equal((await run.detail()).row.reason?.code, "event");
      await decide(test, "web@a1", true);
      assert.deepEqual(await run.result(), { status: "released", approvedBy: "ada" });
      assert.deepEqual(done(), released);
      assert.equal(live(systems, "production"), "web:a1");
    }));

  it("a rejection ends it before production, and so do two days without an answer", () =>
    within(async ({ test, systems, done }) => {
      const rejected = await test.start(releasePipeline, { service: "web", commit: "a1" });
      await test.settle();
      await decide(test, "web@a1", false);
      assert.deepEqual(await rejected.result(), { status: "rejected" });
      const expired = await test.start(releasePipeline, { service: "web", commit: "a2" });
      assert.deepEqual(await expired.result(), { status: "expired" });
      assert.equal(live(systems, "production"), null);
      assert.equal(done("production").length, 0);
    }));

  it("a red platform halts the release before anything is deployed", () =>
    within(async ({ test, done }) => {
      const run = await test.start(releasePipeline, { service: "web", commit: "red" });
      await assert.rejects(run.result(), /a test fails on linux/);
      assert.deepEqual(done(), ["builder.build"]);
      assert.equal((await run.detail()).row.status, "failed");
    }));

  it("tests at most two platforms at once", () =>
    within(async ({ test, systems, done }) => {
      systems.builder.breakDown("test", { mode: "hang", only: "linux" });
      await test.start(releasePipeline, { service: "web", commit: "a1" });
      await test.settle();
      assert.deepEqual(done(), ["builder.build"], "the two that hang keep the others waiting");
    }));

  it("a staging that is down halts the release; resumed, it goes on there and builds nothing again", () =>
    within(async ({ test, systems, done }) => {
      systems.cluster.breakDown("deploy", { mode: 503, only: "staging" });
      const run = await test.start(releasePipeline, { service: "web", commit: "a1" });
      await assert.rejects(run.result(), /503/);
      systems.cluster.mend();
      await run.resume();
      await decide(test, "web@a1", true);
      assert.equal((await run.result()).status, "released");
      assert.deepEqual(done(), released);
    }));

  it("an unhealthy version is rolled back to the one before, and the release is a dead letter", () =>
    within(async ({ test, systems, done }) => {
      const good = await test.start(releasePipeline, { service: "web", commit: "good" });
      await test.settle();
      await decide(test, "web@good", true);
      await good.result();
      const bad = await test.start(releasePipeline, { service: "web", commit: "bad" });
      await test.settle();
      await decide(test, "web@bad", true);
      await assert.rejects(bad.result(), /0.31 errors a request in minute 1/);
      assert.equal(live(systems, "production"), "web:good");
      assert.equal(live(systems, "staging"), "web:bad", "staging keeps what is looked into");
      assert.deepEqual(done("web:bad").slice(-2), ["cluster.deploy", "cluster.checkHealth"]);
      const [child] = await test.baton.runs({ name: "rollout", status: "failed" });
      assert.equal(child?.reason?.code, "compensated");
      assert.equal((await bad.detail()).row.status, "failed");
      await bad.dismiss();
      assert.equal((await bad.detail()).row.reason?.code, "dismissed");
    }));

  it("one release of an environment goes after the other", () =>
    within(async ({ test }) => {
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

  it("releases once when the process dies at any store operation", () =>
    killedEverywhere(async ({ test, done, insist }) => {
      const input = { service: "web", commit: "a1", platforms: ["linux", "macos"] };
      const run = await insist(() => test.start(releasePipeline, input, { idempotencyKey: "a1" }));
      await test.settle();
      await insist(() => decide(test, "web@a1", true));
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

  it("rolls back once when the process dies at any store operation", () =>
    killedEverywhere(async ({ test, systems, insist }) => {
      const input = { environment: "production", service: "web", image: "web:bad" };
      const run = await insist(() => test.start(rollout, input, { idempotencyKey: "bad" }));
      await assert.rejects(run.result(), /errors a request/);
      assert.equal(live(systems, "production"), null);
      assert.deepEqual(
        systems.cluster.acts().map(({ act }) => act),
        ["deploy", "checkHealth", "rollBack"],
      );
    }));
});
