/**
 * For the example tests: runs a scenario with an example's systems, undisturbed or with a crash at each store
 * operation.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Definition } from "baton";
import { openTestBaton, type TestBaton, type TestOptions } from "baton/testing";
import { type Services, stopAll } from "./services.ts";

/** One simulated scenario: a Baton with a test clock, and the systems in their own folder. */
export interface Simulation<S extends Services> {
  readonly test: TestBaton;
  readonly systems: S;
  /**
   * The operations that the systems performed, as `system.operation`, in order. Repeats are left out. `about` filters
   * by id.
   */
  done(about?: string): string[];
  /** Calls again if the process crashes before it responds, as a client that must not lose its call does. */
  retryOnCrash<T>(call: () => Promise<T>): Promise<T>;
}

export interface Simulator<S extends Services> {
  /** Runs the scenario once. Fails if a run is left at the end that nothing would wake. */
  simulate(scenario: (simulation: Simulation<S>) => Promise<void>): Promise<void>;
  /** Runs the scenario repeatedly, with a crash at a different store operation each time. */
  simulateCrashes(scenario: (simulation: Simulation<S>) => Promise<void>): Promise<void>;
}

export function createSimulator<S extends Services>(
  startSystems: (dataDir: string) => Promise<S>,
  definitions: readonly Definition[],
  options: TestOptions = {},
): Simulator<S> {
  const simulate = async (scenario: (simulation: Simulation<S>) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(temporaryFolder(), "baton-example-"));
    const systems = await startSystems(folder);
    const test = await openTestBaton({ ...options, definitions });
    try {
      await scenario({
        test,
        systems,
        done: recordOperations(systems),
        retryOnCrash: (call) => retryOnCrash(test, call),
      });
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    } finally {
      await test.close();
      await stopAll(systems);
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return {
    simulate,
    simulateCrashes: async (scenario) => {
      for (const side of ["before", "after"] as const) {
        let hasCrashed = true;
        for (let offset = 1; hasCrashed; offset++) {
          await simulate(async (simulation) => {
            const { test } = simulation;
            test.crashAt(test.operations + offset, side);
            await scenario(simulation).catch((cause: unknown) => {
              throw new Error(`crashed ${side} store operation ${offset}: ${String(cause)}`, { cause });
            });
            test.crashAt(Number.MAX_SAFE_INTEGER);
            await test.settle();
            hasCrashed = test.crashes > 0;
            assert.ok(hasCrashed || offset > 1, "the scenario has store operations");
          });
        }
      }
    },
  };
}

/** Nothing outlasts its test, so a memory disk is used if there is one. */
function temporaryFolder(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

async function retryOnCrash<T>(test: TestBaton, call: () => Promise<T>): Promise<T> {
  for (;;) {
    const before = test.baton;
    let result: { value: T } | null = null;
    let failure: { error: unknown } | null = null;
    call().then(
      (value) => {
        result = { value };
      },
      (error: unknown) => {
        failure = { error };
      },
    );
    while (test.baton === before && result === null && failure === null)
      await new Promise<void>((resolve) => setImmediate(resolve));
    if (failure !== null) throw (failure as { error: unknown }).error;
    if (result !== null) return (result as { value: T }).value;
  }
}

function recordOperations(systems: Services): (about?: string) => string[] {
  const recorded: { name: string; id: string }[] = [];
  for (const system of Object.values(systems)) {
    system.onServed(({ operation, id, outcome }) => {
      if (outcome === "done") recorded.push({ name: `${system.name}.${operation}`, id: id ?? "" });
    });
  }
  return (about) =>
    recorded.filter(({ id }) => about === undefined || id.split("/").includes(about)).map(({ name }) => name);
}
