/**
 * Starts the five systems, each in its own process, and restarts one that exits.
 *
 * `<dataDir>/systems.json` has their addresses. It is replaced atomically at each start.
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

export interface StartOptions {
  readonly dataDir: string;
  /** Whether to restart a system that exits; true by default. */
  readonly restartOnExit?: boolean;
  readonly log?: (line: string) => void;
}

/** Starts all five and returns when each accepts requests. If one cannot start, stops the others and throws. */
export async function startSystems({ dataDir, restartOnExit = true, log = () => {} }: StartOptions): Promise<Systems> {
  mkdirSync(dataDir, { recursive: true });
  const directoryFile = join(dataDir, "systems.json");
  const systems: System[] = [];
  const onRestart = (): void => writeDirectory(directoryFile, systems);
  const outcomes = await Promise.allSettled(
    SYSTEM_NAMES.map((name) => startSystem({ name, dataDir: join(dataDir, name), restartOnExit, onRestart, log })),
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
  if (system === undefined) throw new Error(`unknown system ${name}`);
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
