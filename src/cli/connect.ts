import { setTimeout as delay } from "node:timers/promises";
import { findServer, storeExists } from "../app/find-server.ts";
import { openInstance } from "../app/instance.ts";
import { type EffectiveConfig, loadConfig, namedStore, storeOf } from "../app/load-config.ts";
import { describeProblem, shown } from "../app/load-problem.ts";
import { showStore } from "../app/store-address.ts";
import { Client } from "./client.ts";
import { CliError, exit } from "./exit.ts";

/** Options that every command has. */
export interface Globals {
  readonly store?: string;
  readonly url?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly color?: boolean;
}

/** `read` only reads, `act` changes data, `work` also executes ready runs while connected. */
export type Need = "read" | "act" | "work";

export interface Connection {
  readonly client: Client;
  /** Whether a server executes runs. Otherwise this process does, or none. */
  readonly isServer: boolean;
  readonly where: string;
  close(): Promise<void>;
}

/** A server that has just opened the store publishes its address within this time. */
const announceMs = 2_000;

/**
 * The API for a command: at the given address, at the server that has the store, or over the store in this process. If
 * an application embeds Baton without a server, the store can only be read.
 */
export async function connect(globals: Globals, need: Need, say: (text: string) => void): Promise<Connection> {
  const url = globals.url ?? process.env["BATON_URL"];
  if (url !== undefined) return overHttp(url);
  const address = namedStore(globals) ?? storeOf(await loadConfig(globals));
  // Many processes can work on it at once: there is no owner.
  if (address.kind === "postgres") {
    const config = need === "read" ? { store: address.url, withoutFile: true } : globals;
    return inProcess(await loadConfig(config), need, say);
  }
  const { path } = address;
  const found = await findServer(path);
  if (found !== null && found.url !== null) return overHttp(found.url);
  if (need === "read") {
    refuseMissing(path);
    return inProcess(await loadConfig({ store: path, withoutFile: true }), "read", say);
  }
  const config = await loadConfig(globals);
  try {
    return await inProcess(config, need, say);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "unavailable") throw error;
    // Another command may have had it open briefly.
    return (await besideOwner(path, error)) ?? inProcess(config, need, say);
  }
}

function overHttp(url: string): Connection {
  if (!URL.canParse(url)) {
    throw new CliError(exit.usage, "usage", `${JSON.stringify(url)} is not a valid URL`, {
      hint: "for example: --url http://127.0.0.1:4440",
    });
  }
  const base = new URL(url).origin;
  return {
    client: new Client((request) => fetch(request), base, base),
    isServer: true,
    where: base,
    close: async () => {},
  };
}

async function inProcess(config: EffectiveConfig, mode: Need, say: (text: string) => void): Promise<Connection> {
  const where = shown(showStore(storeOf(config)));
  const instance = await openInstance({ config, mode, hosts: () => [localHost] });
  for (const problem of instance.loaded().problems) say(`warning: ${describeProblem(problem)}`);
  return {
    client: new Client(instance.api.fetch, `http://${localHost}`, where),
    isServer: false,
    where,
    close: () => instance.close(),
  };
}

function refuseMissing(path: string): void {
  if (storeExists({ kind: "sqlite", path })) return;
  throw new CliError(exit.notFound, "not-found", `no store found at ${shown(path)}`, {
    hint: "start Baton here first (baton start), or pass the store with --store",
  });
}

/** Not a real address: requests are handled in this process. */
const localHost = "localhost";

/** Another process has the store: a server that is starting, or an application that embeds Baton. Null if it is gone. */
async function besideOwner(path: string, error: unknown): Promise<Connection | null> {
  const endsAt = performance.now() + announceMs;
  let found = await findServer(path);
  if (found === null) throw error;
  while (found !== null && found.url === null && performance.now() < endsAt) {
    await delay(50);
    found = await findServer(path);
  }
  if (found === null) return null;
  if (found.url !== null) return overHttp(found.url);
  throw new CliError(
    exit.notAllowed,
    "embedded-owner",
    `process ${found.pid} has ${shown(path)} open inside an application: from here the store is read-only`,
    { hint: `make the change in that application, or stop it: kill ${found.pid}`, details: { pid: found.pid } },
  );
}
