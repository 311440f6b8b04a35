/**
 * Starts Baton as a separate process from this repository's source, and finds it by the owner file next to its store.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Child, startChild } from "./child.ts";
import { until } from "./until.ts";

/** What to run Baton with. */
export interface BatonOptions {
  /** The configuration file. */
  readonly config: string;
  /** `dev` reloads changed definitions; default `start`. */
  readonly command?: "start" | "dev";
  /** The SQLite file. Baton writes its owner file next to it. */
  readonly storeFile: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly onLine?: (line: string) => void;
  readonly onErrorLine?: (line: string) => void;
}

/** The process that owns a store, and its address if it has one. */
export interface Owner {
  readonly pid: number;
  readonly url: string | null;
}

const REPOSITORY = resolve(import.meta.dirname, "../../..");

/** Starts Baton. `whenServing` waits until it accepts requests. */
export function launchBaton({ config, command = "start", storeFile, env, onLine, onErrorLine }: BatonOptions): Child {
  makeKey(`${storeFile}.key`);
  return startChild({
    args: ["--conditions=source", join(REPOSITORY, "bin/baton.js"), command, "--config", config],
    env: { ...env, BATON_STORE: `sqlite:${storeFile}` },
    ...(onLine === undefined ? {} : { onLine }),
    ...(onErrorLine === undefined ? {} : { onErrorLine }),
  });
}

/** The key that encrypts the customer's password. In production, set `BATON_SENSITIVE_KEY_FILE` instead. */
function makeKey(file: string): void {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
}

/** Waits until this process owns the store and responds, and returns its URL. Throws if it exits first. */
export async function whenServing(child: Child, storeFile: string, signal?: AbortSignal): Promise<string> {
  let exit: string | null = null;
  void child.exited.then(({ code, signal: by }) => {
    exit = by ?? `code ${code}`;
  });
  return until(
    async () => {
      if (exit !== null) throw new Error(`Baton (pid ${child.pid}) exited before it accepted requests (${exit})`);
      const owner = readOwner(storeFile);
      // The file of a killed owner stays there, so the pid must match.
      return owner?.pid === child.pid && owner.url !== null && (await isHealthy(owner.url)) ? owner.url : null;
    },
    { what: `Baton (pid ${child.pid}) accepts requests`, signal },
  );
}

/** The owner of the store, or null if there is none or its file is being written. */
export function readOwner(storeFile: string): Owner | null {
  try {
    return JSON.parse(readFileSync(`${storeFile}.owner.json`, "utf8")) as Owner;
  } catch {
    return null;
  }
}

/** Whether a Baton responds at this address. */
export function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) }).then(
    (response) => response.ok,
    () => false,
  );
}

/** A server on this machine that takes longer is not ready. */
const HEALTH_LIMIT_MS = 1_000;
