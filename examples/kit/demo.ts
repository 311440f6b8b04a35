/**
 * Runs the demo of an example: starts its systems and Baton in an empty folder, and prints a line for each operation of
 * a system and the output of some Baton commands. With `--stay`, Baton then keeps serving the runs.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Baton, type Definition, type Handle, openBaton, type RunStatus } from "baton";
import { readOwner } from "../customer-onboarding/processes/baton.ts";
import { superviseBaton } from "../customer-onboarding/processes/supervisor.ts";
import type { ServedRequest, Service } from "./service.ts";
import { type Services, stopAll } from "./services.ts";

export interface DemoContext<S extends Services> {
  readonly baton: Baton;
  readonly systems: S;
  /** Prints a line of explanation. */
  print(line: string): void;
  /** Runs a read-only Baton command, such as `why latest`, and prints its output. */
  showCommand(...args: string[]): void;
  /** Waits until the run has one of these statuses, and prints it. */
  waitForStatus(run: Handle, ...statuses: RunStatus[]): Promise<void>;
  /** Prints no lines for operations while `work` is running. */
  withoutOutput<T>(work: () => Promise<T>): Promise<T>;
  waitFor(condition: () => boolean | Promise<boolean>): Promise<void>;
}

export interface Demo<S extends Services> {
  readonly name: string;
  readonly definitions: readonly Definition[];
  readonly startSystems: (dataDir: string) => Promise<S>;
  readonly script: (context: DemoContext<S>) => Promise<void>;
  /** Commands to try while `--stay` keeps everything running. */
  readonly tryNext: readonly string[];
}

const repository = resolve(import.meta.dirname, "../..");
/** More than any part of a demo needs. */
const waitLimitMs = 20_000;
const pollMs = 25;

/** Runs the demo and ends, or keeps running with `--stay`. Throws if something does not happen as expected. */
export async function runDemo<S extends Services>(demo: Demo<S>): Promise<void> {
  const { values } = parseArgs({ options: { stay: { type: "boolean", default: false } } });
  const folder = resolve(".baton/examples", demo.name);
  const storeFile = join(folder, "baton.db");
  refuseSecondProcess(storeFile);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const systems = await demo.startSystems(join(folder, "systems"));
  try {
    const output = { isOn: true };
    for (const system of Object.values(systems)) printOperations(system, output);
    const baton = await openBaton({ store: `sqlite:${storeFile}`, definitions: demo.definitions });
    await demo.script(createContext(baton, systems, storeFile, output)).finally(() => baton.close());
    if (values.stay) await stay(demo, systems, folder, storeFile);
    else
      print(`\nThe runs are in ${relative("", storeFile)}: npx baton --store ${relative("", storeFile)} show latest`);
  } finally {
    await stopAll(systems);
  }
}

function createContext<S extends Services>(
  baton: Baton,
  systems: S,
  storeFile: string,
  output: { isOn: boolean },
): DemoContext<S> {
  const waitFor = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    const giveUpAt = performance.now() + waitLimitMs;
    while (!(await condition())) {
      if (performance.now() > giveUpAt) throw new Error(`timed out after ${waitLimitMs} ms waiting for ${condition}`);
      await sleep(pollMs);
    }
  };
  return {
    baton,
    systems,
    print: (line) => print(`\n${line}`),
    showCommand: (...args) => {
      const bin = join(repository, "bin/baton.js");
      const all = ["--conditions=source", bin, "--no-color", "--store", storeFile, ...args];
      const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8", env: envWithoutBaton() });
      print(`\n$ baton ${args.join(" ")}`);
      for (const line of (stdout || stderr).trimEnd().split("\n")) print(`  ${line}`);
    },
    waitForStatus: async (run, ...statuses) => {
      await waitFor(async () => statuses.includes(await run.status()));
      print(`${"run".padEnd(nameWidth)}${`${run.id.slice(0, 12)}…`.padEnd(nameWidth)}${await run.status()}`);
    },
    withoutOutput: async (work) => {
      output.isOn = false;
      return work().finally(() => {
        output.isOn = true;
      });
    },
    waitFor,
  };
}

const nameWidth = 15;

function printOperations(system: Service, output: { readonly isOn: boolean }): void {
  system.onServed(({ operation, id, outcome }: ServedRequest) => {
    if (!output.isOn) return;
    const texts: Readonly<Record<ServedRequest["outcome"], string>> = {
      done: id ?? "",
      repeat: "repeated request: first answer returned, nothing done twice",
      refused: "refused",
      fault: "fails (injected fault)",
    };
    print(`${system.name.padEnd(nameWidth)}${operation.padEnd(nameWidth)}${texts[outcome]}`);
  });
}

async function stay<S extends Services>(
  { name, tryNext }: Demo<S>,
  systems: S,
  folder: string,
  storeFile: string,
): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
  const config = join(import.meta.dirname, "..", name, "baton.config.ts");
  const supervised = await superviseBaton({ config, storeFile }, (pid) =>
    print(`Baton (pid ${pid}) was killed and is restarting`),
  );
  try {
    print(
      `\nBaton is running at ${supervised.url()} (pid ${supervised.pid()}), data in ${relative("", folder)}. In another terminal:\n`,
    );
    print(`  export BATON_STORE=sqlite:${relative("", storeFile)}`);
    for (const line of tryNext) print(`  ${line}`);
    print("\nBreak and repair a system at its control address:\n");
    for (const { name: system, url } of Object.values(systems)) print(`  ${system.padEnd(nameWidth)}${url}/control`);
    print('\n  break:   curl <address> -d \'{"operation":"<operation>","mode":503}\'');
    print('           mode: an HTTP status, "lost" or "hang"; optional: "when":"after", "times":1, "only":"<text>"');
    print('  repair:  curl <address> -d \'{"mode":"ok"}\'');
    print("\nPress Ctrl-C to stop.");
    await Promise.race([supervised.ended, new Promise((done) => stopping.signal.addEventListener("abort", done))]);
  } finally {
    await supervised.stop();
  }
}

function refuseSecondProcess(storeFile: string): void {
  const owner = readOwner(storeFile);
  if (owner === null) return;
  try {
    process.kill(owner.pid, 0);
  } catch {
    return;
  }
  throw new Error(`this example is already running (pid ${owner.pid}): stop it first`);
}

function envWithoutBaton(): NodeJS.ProcessEnv {
  const { BATON_STORE: _store, BATON_URL: _url, BATON_CONFIG: _config, ...rest } = process.env;
  return rest;
}

function print(line: string): void {
  process.stdout.write(line === "" ? "\n" : `${line.replace(/^(\n?)/, "$1  ")}\n`);
}
