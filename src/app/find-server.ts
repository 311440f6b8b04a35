import { existsSync } from "node:fs";
import { readOwner } from "../stores/sqlite/owner.ts";
import type { StoreAddress } from "./store-address.ts";

/** Who has a store: a server that answers, or a process that embeds Baton and serves nothing. */
export interface Found {
  readonly pid: number;
  readonly url: string | null;
}

/** Longer than any server on this machine needs to say that it is there. */
const healthMs = 2_000;

/** Whoever has the store open now, as far as its owner file and a look at its address tell; null: nobody known. */
export async function findServer(path: string): Promise<Found | null> {
  const owner = readOwner(path);
  if (owner === null || !isAlive(owner.pid)) return null;
  // A killed owner's file stays, and another server may answer at its address by now.
  if (owner.url !== null && (await pidAt(owner.url)) !== owner.pid) return null;
  return owner;
}

export function storeExists(address: StoreAddress): boolean {
  // What is in a database is known once it is asked.
  return address.kind === "postgres" || existsSync(address.path);
}

/** Whether a process of this number is there, also one of another user. */
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
