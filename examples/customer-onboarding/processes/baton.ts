/** Baton as a process of its own: started from this repository's source, found by the owner file beside its store. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Child, startChild } from "./child.ts";
import { until } from "./until.ts";

/** What to run Baton with. */
export interface BatonOptions {
  /** The configuration file. */
  readonly config: string;
  /** `dev` follows changes of the definitions; default `start`. */
  readonly command?: "start" | "dev";
  /** The SQLite file; Baton puts its owner file beside it. */
  readonly storeFile: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly onLine?: (line: string) => void;
  readonly onErrorLine?: (line: string) => void;
}

/** Who serves a store: the process, and its address when it has one. */
export interface Owner {
  readonly pid: number;
  readonly url: string | null;
}

const REPOSITORY = resolve(import.meta.dirname, "../../..");

/** Starts Baton. It serves when `whenServing` says so. */
export function launchBaton({ config, command = "start", storeFile, env, onLine, onErrorLine }: BatonOptions): Child {
  makeKey(`${storeFile}.key`);
  return startChild({
    args: ["--conditions=source", join(REPOSITORY, "bin/baton.js"), command, "--config", config],
    env: { ...env, BATON_STORE: `sqlite:${storeFile}` },
    ...(onLine === undefined ? {} : { onLine }),
    ...(onErrorLine === undefined ? {} : { onErrorLine }),
  });
}

/** The key that seals the customer's password. In production it comes from elsewhere: `BATON_SENSITIVE_KEY_FILE`. */
function makeKey(file: string): void {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
}

/** Waits until this very process owns the store and answers, and gives its url. Throws when it ends instead. */
export async function whenServing(child: Child, storeFile: string, signal?: AbortSignal): Promise<string> {
  let exit: string | null = null;
  void child.exited.then(({ code, signal: by }) => {
    exit = by ?? `code ${code}`;
  });
  return until(
    async () => {
      if (exit !== null) throw new Error(`Baton (pid ${child.pid}) ended before it served (${exit})`);
      const owner = readOwner(storeFile);
      // The file of a killed owner stays; only a match tells that the new one is up.
      return owner?.pid === child.pid && owner.url !== null && (await isHealthy(owner.url)) ? owner.url : null;
    },
    { what: `Baton (pid ${child.pid}) serves`, signal },
  );
}

/** The owner of the store, or null when there is none, or the file is being written. */
export function readOwner(storeFile: string): Owner | null {
  try {
    return JSON.parse(readFileSync(`${storeFile}.owner.json`, "utf8")) as Owner;
  } catch {
    return null;
  }
}

/** Whether a Baton answers at this address. */
export function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) }).then(
    (response) => response.ok,
    () => false,
  );
}

/** A server on this machine that needs longer is not ready. */
const HEALTH_LIMIT_MS = 1_000;
