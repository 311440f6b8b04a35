import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Handler } from "../../kernel/engine/handler.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import { MemoryStore, openMemoryCore } from "../../stores/sqlite/memory-store.ts";
import type { Definition } from "../config.ts";
import { LocalNotifier } from "../platform.ts";
import { makeArtifact } from "./artifact.ts";
import { LocalList } from "./local-list.ts";
import { loadedMax, OldVersions } from "./old-versions.ts";
import { type Claim, Trust } from "./trust.ts";

interface Setup {
  readonly old: OldVersions;
  readonly warnings: readonly string[];
  /** Versions of the definitions that were loaded, one entry per load. */
  readonly made: readonly number[];
  /** Deploys another version of `pay` and returns its ref. */
  deploy(): Promise<DefinitionRef>;
}

function setup(t: TestContext): Setup {
  const folder = mkdtempSync(join(tmpdir(), "baton-old-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = new MemoryStore(openMemoryCore({ now: () => 1 }), new LocalNotifier());
  const trust = new Trust(store, [], new LocalList(join(folder, "made-here")));
  const warnings: string[] = [];
  const made: number[] = [];
  const old = new OldVersions({
    store,
    trust,
    folder,
    base: folder,
    logger: { log: (_level, message) => warnings.push(message) },
    toHandler: async (definition: Definition) => {
      made.push(definition.version);
      const { kind, name, version } = definition;
      return { definition: { kind, name, version } } as Handler;
    },
  });
  const claims: Claim[] = [];
  let count = 0;
  return {
    old,
    warnings,
    made,
    deploy: async () => {
      count += 1;
      const code = `export const pay = { kind: "workflow", name: "pay", version: 1, triggers: [], run: () => ${count} };`;
      const artifact = makeArtifact(code, { version: 3, sources: [], names: [], mappings: "" }, []);
      const outcome = await store.commit({
        kind: "deploy",
        artifacts: [artifact],
        definitions: [{ kind: "workflow", name: "pay", version: 1, fingerprint: artifact.hash, file: "pay.ts" }],
        isRequested: false,
        actor: "test",
      });
      assert.ok(outcome.ok);
      const [version] = outcome.versions;
      assert.ok(version !== undefined);
      claims.push({ definition: version.definition, authorVersion: 1, hash: artifact.hash });
      await trust.admit(claims, []);
      return version.definition;
    },
  };
}

test("recently used versions stay loaded; the least recently used one is evicted and can be loaded again", async (t) => {
  const { old, made, deploy, warnings } = setup(t);
  const refs: DefinitionRef[] = [];
  for (let i = 0; i < loadedMax; i++) refs.push(await deploy());
  for (const ref of refs) assert.ok("handler" in (await old.find(ref)));
  const [first, second] = refs as [DefinitionRef, DefinitionRef];
  await old.find(first);
  assert.equal(made.length, loadedMax, "a loaded version is not loaded again");
  assert.deepEqual(warnings, []);
  const another = await deploy();
  await old.find(another);
  assert.deepEqual([old.ready.length, warnings.length], [loadedMax, 1]);
  assert.ok(old.ready.some(({ version }) => version === first.version));
  assert.ok(!old.ready.some(({ version }) => version === second.version));
  assert.ok("handler" in (await old.find(second)));
  assert.equal(made.at(-1), second.version);
});

test("concurrent lookups share one load, and a failed lookup is cached", async (t) => {
  const { old, made, deploy } = setup(t);
  const ref = await deploy();
  await Promise.all([old.find(ref), old.find(ref), old.find(ref)]);
  assert.deepEqual(made, [ref.version]);
  const later = { ...ref, version: ref.version + 1 };
  assert.ok("lack" in (await old.find(later)));
  await deploy();
  assert.ok("lack" in (await old.find(later)));
  old.forgetLacks();
  assert.ok("handler" in (await old.find(later)));
});
