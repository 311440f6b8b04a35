import { createHash } from "node:crypto";
import type { PoolClient } from "pg";
import type { Transition } from "../../kernel/model/transition.ts";
import { type Context, createContext } from "../sql/context.ts";
import type { Files } from "../sql/files.ts";
import type { StoreSafeguards } from "../sql/safeguards.ts";
import type { Work } from "../sql/work.ts";
import { PostgresFacts } from "./database-facts.ts";
import { nextWait, ServerClock, sequence } from "./moment.ts";
import { asked, drive } from "./statements.ts";

/** A context of its own for each connection that works at the same time: what it remembers is of one transaction. */
export interface StoreTransaction {
  readonly context: Context;
  readonly clock: ServerClock;
}

/** Large values lie in rows of their own, which the server compresses and keeps apart. */
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
 * A transaction that writes by the shared code. They take turns, whoever asks: each may read what it likes and decide
 * by it, as on SQLite, and only has to lock what batches change too. Locks are taken in one order everywhere: this one,
 * names of events, rows of the queue.
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

/** A process that is frozen in the middle of a transaction must not keep its locks from all others. */
export const idleMs = 5_000;

/** Begins a transaction and gives its moment. One message: a pooler keeps the connection from here to the end. */
export async function begin(client: PoolClient, schema: string, first = "", how = ""): Promise<number> {
  const settings = `set local search_path to "${schema}", pg_temp; set local idle_in_transaction_session_timeout = ${idleMs}`;
  const text = `begin ${how}; ${settings}; ${first} select baton_now() as at`;
  const answers = (await client.query(text)) as unknown as readonly { rows: { at: number }[] }[];
  return answers.at(-1)?.rows[0]?.at ?? 0;
}

/**
 * Reads that belong together see one moment. They lock nothing, so that nobody waits for them.
 */
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
 * Whoever registers a wait for an event and whoever accepts one of its name must not miss each other: under read
 * committed neither would see the other's row. Those who wait share the name, those who accept have it alone, from
 * before they look until they have committed; and they look in a statement of its own after they have it.
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

/** Advisory locks have no names, only 64 bits that everybody in the database shares. */
export function lockOf(schema: string, name: string): bigint {
  return createHash("sha256").update(`baton ${schema} ${name}`).digest().readBigInt64BE();
}
