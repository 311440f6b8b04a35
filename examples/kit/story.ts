/**
 * What the demos of the examples have in common: the systems and Baton on a fresh folder, each act of a system as a line,
 * and Baton's own command where it says more than a sentence would. With `--stay` a Baton serves the runs afterwards.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Baton, type Definition, type Handle, openBaton, type RunStatus } from "baton";
import { readOwner } from "../customer-onboarding/processes/baton.ts";
import { keepBaton } from "../customer-onboarding/processes/kept-baton.ts";
import type { Served, Service } from "./service.ts";
import { type Services, stopAll } from "./services.ts";

export interface Stage<S extends Services> {
  readonly baton: Baton;
  readonly systems: S;
  /** A line of the story. */
  say(line: string): void;
  /** Carries out a command of Baton that only reads, such as `why latest`, and shows it. */
  command(...args: string[]): void;
  /** Waits until the run is in one of these, and says so. */
  until(run: Handle, ...statuses: RunStatus[]): Promise<void>;
  /** Goes on without a line for each act. */
  quietly<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until something is as it is wanted. */
  seen(what: () => boolean | Promise<boolean>): Promise<void>;
}

export interface Story<S extends Services> {
  readonly name: string;
  readonly definitions: readonly Definition[];
  readonly startSystems: (dataDir: string) => Promise<S>;
  readonly tell: (stage: Stage<S>) => Promise<void>;
  /** What to try while `--stay` keeps everything up. */
  readonly tryNext: readonly string[];
}

const repository = resolve(import.meta.dirname, "../..");
/** More than any part of a story needs. */
const patienceMs = 20_000;
const lookMs = 25;

/** Tells the story once and ends, or stays with `--stay`. Sets the exit code when something is not as told. */
export async function tellStory<S extends Services>(story: Story<S>): Promise<void> {
  const { values } = parseArgs({ options: { stay: { type: "boolean", default: false } } });
  const folder = resolve(".baton/examples", story.name);
  const storeFile = join(folder, "baton.db");
  refuseLiving(storeFile);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const systems = await story.startSystems(join(folder, "systems"));
  try {
    const acts = { areShown: true };
    for (const system of Object.values(systems)) showActs(system, acts);
    const baton = await openBaton({ store: `sqlite:${storeFile}`, definitions: story.definitions });
    await story.tell(stageOf(baton, systems, storeFile, acts)).finally(() => baton.close());
    if (values.stay) await stay(story, systems, folder, storeFile);
    else say(`\nThe runs are in ${relative("", storeFile)}: npx baton --store ${relative("", storeFile)} show latest`);
  } finally {
    await stopAll(systems);
  }
}

function stageOf<S extends Services>(
  baton: Baton,
  systems: S,
  storeFile: string,
  acts: { areShown: boolean },
): Stage<S> {
  const seen = async (what: () => boolean | Promise<boolean>): Promise<void> => {
    const giveUpAt = performance.now() + patienceMs;
    while (!(await what())) {
      if (performance.now() > giveUpAt) throw new Error(`the story does not go on: ${what}`);
      await sleep(lookMs);
    }
  };
  return {
    baton,
    systems,
    say: (line) => say(`\n${line}`),
    command: (...args) => {
      const bin = join(repository, "bin/baton.js");
      const all = ["--conditions=source", bin, "--no-color", "--store", storeFile, ...args];
      const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8", env: quietEnv() });
      say(`\n$ baton ${args.join(" ")}`);
      for (const line of (stdout || stderr).trimEnd().split("\n")) say(`  ${line}`);
    },
    until: async (run, ...statuses) => {
      await seen(async () => statuses.includes(await run.status()));
      say(`${" ".repeat(nameWidth)}${run.id.slice(0, 12)}… is ${await run.status()}`);
    },
    quietly: async (work) => {
      acts.areShown = false;
      return work().finally(() => {
        acts.areShown = true;
      });
    },
    seen,
  };
}

const nameWidth = 14;

function showActs(system: Service, acts: { readonly areShown: boolean }): void {
  system.onServed(({ act, id, outcome }: Served) => {
    if (!acts.areShown) return;
    const said: Readonly<Record<Served["outcome"], string>> = {
      done: id ?? "",
      repeat: "the same request again: the first answer, and no second act",
      refused: "refused",
      trouble: "does not answer as it should",
    };
    say(`${system.name.padEnd(nameWidth)}${act.padEnd(nameWidth)}${said[outcome]}`);
  });
}

async function stay<S extends Services>(
  { name, tryNext }: Story<S>,
  systems: S,
  folder: string,
  storeFile: string,
): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
  const config = join(import.meta.dirname, "..", name, "baton.config.ts");
  const kept = await keepBaton({ config, storeFile }, (pid) => say(`Baton (pid ${pid}) was killed and starts again`));
  try {
    say(`\nBaton serves ${kept.url()} (pid ${kept.pid()}) on ${relative("", folder)}. In another terminal:\n`);
    say(`  export BATON_STORE=sqlite:${relative("", storeFile)}`);
    for (const line of tryNext) say(`  ${line}`);
    say("\nTo break a system, and to mend it:\n");
    for (const { name: system, url } of Object.values(systems)) say(`  ${system.padEnd(nameWidth)}${url}/control`);
    say(
      `\n  curl <address> -d '{"act":"<act>","mode":503}'    a status, "lost" or "hang"; "moment":"after", "times":1`,
    );
    say(`  curl <address> -d '{"mode":"ok"}'`);
    say("\nCtrl-C to stop");
    await Promise.race([kept.ended, new Promise((done) => stopping.signal.addEventListener("abort", done))]);
  } finally {
    await kept.stop();
  }
}

function refuseLiving(storeFile: string): void {
  const owner = readOwner(storeFile);
  if (owner === null) return;
  try {
    process.kill(owner.pid, 0);
  } catch {
    return;
  }
  throw new Error(`this example already runs (pid ${owner.pid}); stop it first`);
}

function quietEnv(): NodeJS.ProcessEnv {
  const { BATON_STORE: _store, BATON_URL: _url, BATON_CONFIG: _config, ...rest } = process.env;
  return rest;
}

function say(line: string): void {
  process.stdout.write(line === "" ? "\n" : `${line.replace(/^(\n?)/, "$1  ")}\n`);
}
