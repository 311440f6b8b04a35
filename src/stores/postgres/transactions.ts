import { createHash } from "node:crypto";
import type { PoolClient } from "pg";
import type { Transition } from "../../kernel/model/transition.ts";
import { type Context, createContext } from "../sql/context.ts";
import type { Files } from "../sql/files.ts";
import type { StoreSafeguards } from "../sql/safeguards.ts";
import type { Work } from "../sql/work.ts";
import { PostgresFacts } from "./database-facts.ts";
import { nextWait, ServerClock, sequence } from "./server-clock.ts";
import { asked, drive } from "./statements.ts";

/**
 * A context for one connection. Concurrent connections need separate ones, because a context caches data of one
 * transaction.
 */
export interface StoreTransaction {
  readonly context: Context;
  readonly clock: ServerClock;
}

/** There are no files: large values are in their own rows, which the server compresses and stores separately. */
const noFiles: Files = {
  put: () => {},
  settle: () => {},
  get: () => null,
  has: () => false,
  remove: () => {},
  list: () => [],
  discard: () => {},
};

export function openStoreTransaction(
  schema: string,
  options: { safeguards: StoreSafeguards; shard: number },
): StoreTransaction {
  const clock = new ServerClock();
  const context = createContext({
    db: asked,
    clock,
    numbers: sequence,
    nextWait,
    facts: new PostgresFacts(schema),
    files: noFiles,
    offloadOver: Number.MAX_SAFE_INTEGER,
    lock: " for no key update",
    ...options,
  });
  return { context, clock };
}

/**
 * Begins a transaction that writes with the shared code. Only one runs at a time: it may read anything and decide on
 * it, as on SQLite, and must lock only what batches also change. Locks are always taken in this order: this one, event
 * names, queue rows.
 */
export async function beginSerial(
  client: PoolClient,
  schema: string,
  { context, clock }: StoreTransaction,
): Promise<number> {
  const at = await begin(client, schema, `select pg_advisory_xact_lock(${lockOf(schema, "turn")});`);
  clock.set(at);
  context.scratch.clear();
  return at;
}

/** A process that freezes inside a transaction must not keep its locks. */
export const idleMs = 5_000;

/**
 * Begins a transaction and returns its time. It is one message, so that a pooler keeps the connection from here to the
 * end.
 */
export async function begin(client: PoolClient, schema: string, first = "", how = ""): Promise<number> {
  const settings = `set local search_path to "${schema}", pg_temp; set local idle_in_transaction_session_timeout = ${idleMs}`;
  const text = `begin ${how}; ${settings}; ${first} select baton_now() as at`;
  const answers = (await client.query(text)) as unknown as readonly { rows: { at: number }[] }[];
  return answers.at(-1)?.rows[0]?.at ?? 0;
}

/** Runs related reads in one snapshot. They take no locks, so no one waits for them. */
export async function read<T>(
  client: PoolClient,
  schema: string,
  transaction: StoreTransaction,
  work: Work<T>,
): Promise<T> {
  const at = await begin(client, schema, "", "isolation level repeatable read read only");
  transaction.clock.set(at);
  transaction.context.scratch.clear();
  const value = await drive(client, work);
  await client.query("commit");
  return value;
}

/**
 * A session that registers a wait for an event and one that accepts such an event must not miss each other: under read
 * committed neither would see the other's row. Waits share the lock on the name, and accepted events hold it
 * exclusively, from before they read until they have committed. They read in a separate statement after they have the
 * lock.
 */
export async function lockNames(client: PoolClient, schema: string, names: Names): Promise<void> {
  if (names.size === 0) return;
  const keys = [...names].map(([name, how]) => ({ key: lockOf(schema, `event ${name}`), how })).sort(byKey);
  const calls = keys.map(({ key, how }) => `pg_advisory_xact_lock${how === "shared" ? "_shared" : ""}(${key})`);
  await client.query(`select ${calls.join(", ")}`);
}

export type Names = ReadonlyMap<string, "shared" | "alone">;

/** Names of the events that transitions wait for or accept. */
export function namesOf(transitions: readonly Transition[]): Names {
  const names = new Map<string, "shared" | "alone">();
  for (const transition of transitions) {
    if (transition.kind === "event") names.set(transition.event.name, "alone");
    if (transition.kind !== "advance") continue;
    for (const event of transition.events ?? []) names.set(event.name, "alone");
    for (const wait of transition.opens ?? [])
      if (wait.kind === "event" && wait.name !== undefined && !names.has(wait.name)) names.set(wait.name, "shared");
  }
  return names;
}

function byKey(a: { key: bigint }, b: { key: bigint }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Advisory locks have no names, only 64 bits that the whole database shares. */
export function lockOf(schema: string, name: string): bigint {
  return createHash("sha256").update(`baton ${schema} ${name}`).digest().readBigInt64BE();
}
