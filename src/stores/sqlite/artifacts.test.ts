import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keptVersions } from "../../kernel/decide/version.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Transition } from "../../kernel/model/transition.ts";
import type { Deploy, VersionRow } from "../../kernel/model/version.ts";
import type { SqliteCore } from "./core.ts";
import { openMemoryCore } from "./memory-store.ts";

interface Setup {
  readonly core: SqliteCore;
  clock: { now: number };
  /** Returns the outcome; throws if the store does. */
  commit(transition: Transition): { ok: boolean };
  /** Deploys `pay` with this content and returns its version. */
  deploy(content: string, options?: Partial<Deploy> & { version?: number }): number;
  start(version: number): number;
  versions(): readonly VersionRow[];
  artifacts(): readonly string[];
  sweep(): void;
}

function setup(): Setup {
  const clock = { now: 1_000 };
  const core = openMemoryCore({ now: () => clock.now });
  let runs = 0;
  const commit: Setup["commit"] = (transition) => {
    const [reply] = core.commit([transition]);
    if (reply === undefined || "error" in reply) throw reply?.error ?? new Error("no reply");
    return reply.outcome;
  };
  return {
    core,
    clock,
    commit,
    deploy: (content, { version = 1, ...options } = {}) => {
      const outcome = commit({
        kind: "deploy",
        artifacts: [{ hash: content, body: `code of ${content}`, externals: [] }],
        definitions: [{ kind: "workflow", name: "pay", version, fingerprint: content, file: "pay.ts" }],
        isRequested: false,
        actor: "test",
        ...options,
      });
      return (
        (outcome as unknown as { versions: { definition: { version: number } }[] }).versions[0]?.definition.version ?? 0
      );
    },
    start: (version) => {
      runs += 1;
      const start: StartRun = {
        kind: "start",
        id: `run_${runs}`,
        definition: { kind: "workflow", name: "pay", version },
        input: null,
        inputHash: "",
        key: null,
        idempotencyKey: null,
        priorityMs: 0,
        attributes: null,
        origin: { by: "test" },
      };
      commit(start);
      return core.query("run", { id: `run_${runs}` })?.row.no ?? 0;
    },
    versions: () => core.query("versions", { name: "pay" }),
    artifacts: () => core.db.all<{ hash: string }>("select hash from artifacts order by hash").map((row) => row.hash),
    sweep: () => {
      core.sweep({ completedMs: 1e12, failedMs: 1e12, eventMs: 1e12, limit: 100 });
    },
  };
}

describe("versions in the store", () => {
  it("get a number for new content, keep it for known content, and fill in the row without a fingerprint", () => {
    const { deploy, start, versions } = setup();
    // As in an app that registers its own code.
    start(1);
    assert.deepEqual(
      versions().map(({ definition, fingerprint }) => [definition.version, fingerprint]),
      [[1, null]],
    );
    assert.equal(deploy("aa"), 1);
    assert.equal(deploy("bb"), 2);
    assert.equal(deploy("aa"), 1);
    assert.equal(deploy("cc", { version: 9 }), 9);
    assert.deepEqual(
      versions().map(({ definition, fingerprint, counts, hasArtifact }) => [
        definition.version,
        fingerprint,
        counts,
        hasArtifact,
      ]),
      [
        [9, "cc", {}, true],
        [2, "bb", {}, true],
        [1, "aa", { pending: 1 }, true],
      ],
    );
  });

  it("can be deployed, chosen and signed twice without harm", () => {
    const { deploy, commit, versions, core } = setup();
    assert.deepEqual([deploy("aa"), deploy("aa"), versions().length], [1, 1, 1]);
    const sign = { kind: "sign", keyId: "k", body: "{}", signature: "s" } as const;
    commit(sign);
    commit(sign);
    assert.equal(core.query("manifests", { keyIds: ["k"] }).length, 1);
    assert.equal(core.query("manifests", { keyIds: ["other"] }).length, 0);
  });

  it("correct a row whose body does not match its hash", () => {
    const { deploy, core } = setup();
    deploy("aa");
    core.db.run("update artifacts set body = 'evil'");
    assert.equal(core.query("artifact", { hash: "aa" })?.body, "evil");
    deploy("aa");
    assert.equal(core.query("artifact", { hash: "aa" })?.body, "code of aa");
  });

  it("leave nothing in memory of a deployment that was rolled back", () => {
    const { core, versions, deploy } = setup();
    const broken = {
      kind: "deploy",
      artifacts: [{ hash: "aa", body: "x", externals: [] }],
      definitions: [
        { kind: "workflow", name: "pay", version: 1, fingerprint: "aa", file: "pay.ts" },
        { kind: "workflow", name: "pay", version: 2, fingerprint: Symbol("no text") as never, file: "pay.ts" },
      ],
      isRequested: false,
      actor: "test",
    } as const;
    const [reply] = core.commit([broken]);
    assert.ok(reply !== undefined && "error" in reply);
    assert.deepEqual([versions(), core.query("definitions", {})], [[], []]);
    assert.equal(deploy("bb"), 1);
  });

  it("are retired once they are drained and have no runs, and are in use again when they are chosen", () => {
    const { deploy, start, commit, versions, core, sweep } = setup();
    deploy("aa");
    deploy("bb");
    const no = start(1);
    const set = (to: "used" | "drained"): { ok: boolean } =>
      commit({
        kind: "set-version",
        definition: { kind: "workflow", name: "pay", version: 1 },
        to,
        audit: { actor: "ada", verb: to, why: "because" },
      });
    assert.ok(set("drained").ok);
    const old = (): VersionRow | undefined => versions().find((each) => each.definition.version === 1);
    assert.deepEqual([old()?.drainedAt, old()?.retiredAt], [1_000, null]);
    const { fence, round } = core.query("journal", { run: no })?.run ?? { fence: 0, round: 0 };
    const audit = { actor: "ada", verb: "cancel", why: null };
    commit({
      kind: "intervene",
      run: no,
      seen: { fence, round },
      idle: { to: "cancelled", reason: { code: "by-person", by: "ada", why: null } },
      held: null,
      audit,
    });
    sweep();
    assert.equal(old()?.retiredAt, 1_000);
    assert.ok(set("used").ok);
    assert.deepEqual([old()?.drainedAt, old()?.retiredAt], [null, null]);
    const audited = core
      .query("audit", { run: null, before: null, limit: 10 })
      .map(({ verb, why }) => `${verb} ${why}`);
    assert.ok(audited.includes("drained pay version 1: because"), audited.join("; "));
  });

  it("lose artifacts that nothing needs: never those of versions with runs, nor the newest ones", () => {
    const { deploy, start, artifacts, sweep } = setup();
    for (let i = 1; i <= keptVersions + 3; i++) deploy(`c${String(i).padStart(2, "0")}`);
    start(2);
    sweep();
    assert.equal(artifacts().length, keptVersions + 1);
    assert.ok(artifacts().includes("c02"));
    assert.ok(!artifacts().includes("c01"));
  });

  it("keep an artifact as long as any name in its file needs it", () => {
    const { core, deploy, artifacts, sweep } = setup();
    const both = (fingerprint: string): void => {
      const definitions = ["pay", "refund"].map(
        (name) => ({ kind: "workflow", name, version: 1, fingerprint, file: "x.ts" }) as const,
      );
      core.commit([
        {
          kind: "deploy",
          artifacts: [{ hash: fingerprint, body: "x", externals: [] }],
          definitions,
          isRequested: false,
          actor: "test",
        },
      ]);
    };
    both("shared");
    for (let i = 0; i < keptVersions + 2; i++) deploy(`own${i}`);
    sweep();
    assert.ok(artifacts().includes("shared"));
  });

  it("move an idle run and raise its fence, and refuse a held run and a stale fence", () => {
    const { core, deploy, start, commit } = setup();
    deploy("aa");
    deploy("bb");
    const no = start(1);
    const to = { kind: "workflow", name: "pay", version: 2 } as const;
    const audit = { actor: "ada", verb: "move", why: null };
    const move = (fence: number): { ok: boolean } =>
      commit({ kind: "move", run: no, seen: { fence, round: 0 }, to, audit });
    assert.equal(move(7).ok, false);
    const { incarnation } = core.join("w", 1_000);
    const [leased] = core.lease({ incarnation, limit: 1, hasSuspect: false, holds: null }).runs;
    assert.equal(move(leased?.fence ?? 0).ok, false, "a worker holds it");
    core.leave(incarnation);
    const fence = core.query("journal", { run: no })?.run.fence ?? 0;
    assert.ok(move(fence).ok);
    assert.ok(move(fence).ok, "a repeated move succeeds");
    assert.equal(core.query("audit", { run: no, before: null, limit: 9 }).length, 1);
    assert.deepEqual(
      core.query("counts", {}).map(({ definition, status, count }) => [definition.version, status, count]),
      [[2, "pending", 1]],
    );
    assert.deepEqual(core.query("violations", {}), []);
  });
});
