/**
 * Starts the five systems, each in a process of its own, and starts again one that dies.
 *
 * `<dataDir>/systems.json` says where they are. It is replaced whole at each start, so a reader never sees half of it.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SYSTEM_NAMES, type SystemName, type SystemUrls } from "./directory.ts";
import { type System, startSystem } from "./system.ts";

/** The running systems. */
export interface Systems {
  readonly urls: SystemUrls;
  /** The file to name in `ONBOARDING_SYSTEMS`. */
  readonly directoryFile: string;
  get(name: SystemName): System;
  stop(): Promise<void>;
}

/** What the caller may set. */
export interface StartOptions {
  readonly dataDir: string;
  /** Whether a system that dies is started again; true by default. */
  readonly restartOnDeath?: boolean;
  readonly log?: (line: string) => void;
}

/** Starts all five and returns when each serves. Throws, with none left running, when one cannot start. */
export async function startSystems({ dataDir, restartOnDeath = true, log = () => {} }: StartOptions): Promise<Systems> {
  mkdirSync(dataDir, { recursive: true });
  const directoryFile = join(dataDir, "systems.json");
  const systems: System[] = [];
  const onRestart = (): void => writeDirectory(directoryFile, systems);
  const outcomes = await Promise.allSettled(
    SYSTEM_NAMES.map((name) => startSystem({ name, dataDir: join(dataDir, name), restartOnDeath, onRestart, log })),
  );
  systems.push(...outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])));
  const stop = async (): Promise<void> => void (await Promise.all(systems.map((system) => system.stop())));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  writeDirectory(directoryFile, systems);
  return { urls: urlsOf(systems), directoryFile, get: (name) => find(systems, name), stop };
}

function find(systems: readonly System[], name: SystemName): System {
  const system = systems.find((candidate) => candidate.name === name);
  if (system === undefined) throw new Error(`there is no system named ${name}`);
  return system;
}

function urlsOf(systems: readonly System[]): SystemUrls {
  const url = (name: SystemName): string => find(systems, name).ready.url;
  return {
    crm: url("crm"),
    projects: url("projects"),
    provisioning: url("provisioning"),
    calendar: url("calendar"),
    mail: url("mail"),
    smtp: find(systems, "mail").ready.smtp ?? "",
  };
}

function writeDirectory(file: string, systems: readonly System[]): void {
  const pids = Object.fromEntries(systems.map((system) => [system.name, system.pid()]));
  writeFileSync(`${file}.draft`, `${JSON.stringify({ urls: urlsOf(systems), pids }, null, 2)}\n`);
  renameSync(`${file}.draft`, file);
}
