import { existsSync } from "node:fs";
import { readOwner } from "../stores/sqlite/owner.ts";
import type { StoreAddress } from "./store-address.ts";

/** The owner of a store: a running server, or a process that embeds Baton without a server. */
export interface Found {
  readonly pid: number;
  readonly url: string | null;
}

/** Longer than any server on this machine needs to answer. */
const healthMs = 2_000;

/** The process that has the store open now, from its owner file and a request to its address. Null if none is known. */
export async function findServer(path: string): Promise<Found | null> {
  const owner = readOwner(path);
  if (owner === null || !isAlive(owner.pid)) return null;
  // The owner file of a killed process stays, and by now another server may use its address.
  if (owner.url !== null && (await pidAt(owner.url)) !== owner.pid) return null;
  return owner;
}

export function storeExists(address: StoreAddress): boolean {
  // Whether a database has a store is known only after connecting.
  return address.kind === "postgres" || existsSync(address.path);
}

/** Whether a process with this ID exists, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

async function pidAt(url: string): Promise<number | null> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(healthMs) });
    const health = (await response.json()) as { pid?: unknown };
    return typeof health.pid === "number" ? health.pid : null;
  } catch {
    return null;
  }
}
