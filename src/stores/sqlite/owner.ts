import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../kernel/model/errors.ts";

/**
 * The process that has a store file open for writing, stored in `<store>.owner.json` for people and for the command
 * line.
 */
export interface Owner {
  readonly pid: number;
  readonly url: string | null;
}

export function ownerPath(path: string): string {
  return `${path}.owner.json`;
}

/** The recorded owner of the file, or null. Only the lock proves that it is still the owner. */
export function readOwner(path: string): Owner | null {
  try {
    const owner: unknown = JSON.parse(readFileSync(ownerPath(path), "utf8"));
    return typeof owner === "object" && owner !== null && "pid" in owner ? (owner as Owner) : null;
  } catch {
    // The file is missing or incomplete, so the owner is unknown.
    return null;
  }
}

/** Exclusive ownership of a store by this process. */
export interface Ownership {
  announce(url: string): void;
  release(): void;
}

/**
 * Takes the store for this process. Node has no flock, so the lock is an exclusive transaction on a small SQLite file
 * next to the store: the operating system releases it when the process ends, also after kill -9.
 */
export function takeOwnership(path: string): Ownership {
  const lock = new DatabaseSync(`${path}.lock.db`);
  try {
    lock.exec("pragma locking_mode = exclusive; pragma journal_mode = memory; begin exclusive");
  } catch (cause) {
    lock.close();
    const owner = readOwner(path);
    const who = owner === null ? "another process" : `process ${owner.pid}`;
    throw new StoreError(
      "unavailable",
      `the store ${path} is in use by ${who}${owner?.url ? ` at ${owner.url}` : ""}`,
      {
        hint: owner === null ? "stop it first" : `send requests to it, or stop it first: kill ${owner.pid}`,
        details: { pid: owner?.pid ?? null, url: owner?.url ?? null },
        cause,
      },
    );
  }
  const write = (url: string | null): void =>
    writeFileSync(ownerPath(path), `${JSON.stringify({ pid: process.pid, url })}\n`);
  write(null);
  return {
    announce: write,
    release: () => {
      rmSync(ownerPath(path), { force: true });
      lock.close();
    },
  };
}
