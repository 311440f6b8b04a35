/** For the tests of the examples: lives of an instance beside its systems, calm or killed at every store operation. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Definition } from "baton";
import { openTestBaton, type TestBaton, type TestOptions } from "baton/testing";
import { type Services, stopAll } from "./services.ts";

/** One life: an instance with a test clock, and the systems in a folder of their own. */
export interface Life<S extends Services> {
  readonly test: TestBaton;
  readonly systems: S;
  /** What the systems really did, as `system.act`, in order; of `about` alone when given. A recognised repeat is not in it. */
  done(about?: string): string[];
  /** What a client does that must not lose its call: asks again when the process died before it answered. */
  insist<T>(call: () => Promise<T>): Promise<T>;
}

export interface Lives<S extends Services> {
  /** One life; no run may be left at its end that nothing would wake. */
  live(work: (life: Life<S>) => Promise<void>): Promise<void>;
  /** The same life again and again, each time killed at another of its store operations. */
  killedEverywhere(work: (life: Life<S>) => Promise<void>): Promise<void>;
}

export function livesOf<S extends Services>(
  startSystems: (dataDir: string) => Promise<S>,
  definitions: readonly Definition[],
  options: TestOptions = {},
): Lives<S> {
  const live = async (work: (life: Life<S>) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(roomFor(), "baton-example-"));
    const systems = await startSystems(folder);
    const test = await openTestBaton({ ...options, definitions });
    try {
      await work({ test, systems, done: witness(systems), insist: (call) => insist(test, call) });
      assert.deepEqual(await test.baton.engine.store.query("strays", {}), []);
    } finally {
      await test.close();
      await stopAll(systems);
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return {
    live,
    killedEverywhere: async (work) => {
      for (const side of ["before", "after"] as const) {
        let isKilled = true;
        for (let offset = 1; isKilled; offset++) {
          await live(async (life) => {
            life.test.crashAt(life.test.operations + offset, side);
            await work(life).catch((cause: unknown) => {
              throw new Error(`killed ${side} its store operation ${offset}: ${String(cause)}`, { cause });
            });
            life.test.crashAt(Number.MAX_SAFE_INTEGER);
            await life.test.settle();
            isKilled = life.test.crashes > 0;
            assert.ok(isKilled || offset > 1, "a life has store operations");
          });
        }
      }
    },
  };
}

/** No life outlasts its test: where memory can be had as a disk, nothing has to reach a real one. */
function roomFor(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

async function insist<T>(test: TestBaton, call: () => Promise<T>): Promise<T> {
  for (;;) {
    const before = test.baton;
    let answer: { value: T } | null = null;
    let problem: { error: unknown } | null = null;
    call().then(
      (value) => {
        answer = { value };
      },
      (error: unknown) => {
        problem = { error };
      },
    );
    while (test.baton === before && answer === null && problem === null)
      await new Promise<void>((resolve) => setImmediate(resolve));
    if (problem !== null) throw (problem as { error: unknown }).error;
    if (answer !== null) return (answer as { value: T }).value;
  }
}

function witness(systems: Services): (about?: string) => string[] {
  const acts: { what: string; id: string }[] = [];
  for (const system of Object.values(systems)) {
    system.onServed(({ act, id, outcome }) => {
      if (outcome === "done") acts.push({ what: `${system.name}.${act}`, id: id ?? "" });
    });
  }
  return (about) =>
    acts.filter(({ id }) => about === undefined || id.split("/").includes(about)).map(({ what }) => what);
}
