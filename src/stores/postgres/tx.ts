import type { PoolClient, QueryConfig } from "pg";
import { BatonError } from "../../kernel/model/errors.ts";
import type { Outcome, Transition } from "../../kernel/model/transition.ts";
import type { TxClient } from "../../kernel/ports/store.ts";
import { applyTransition, settleTransaction } from "../sql/apply.ts";
import type { Connections } from "./connections.ts";
import { toStoreError } from "./errors.ts";
import { drive } from "./statements.ts";
import { idleMs, lockNames, lockOf, namesOf, type StoreTransaction } from "./transactions.ts";

/**
 * `ctx.tx`: the user's statements and the step's result in one transaction of the database that contains both.
 *
 * The last statements are Baton's: they check the run's fence under its lock and write its result. If the process ends
 * before the commit, both are rolled back. If the response to the commit is lost, the row of the result shows whether
 * it was committed.
 */
export async function transact<T>(
  connections: Connections,
  transaction: StoreTransaction,
  { run, limitMs = txLimitMs }: { run: number; fence: number; limitMs?: number },
  work: (db: TxClient) => Promise<T>,
  finish: (value: T) => Transition,
): Promise<{ value: T; outcome: Outcome }> {
  let sent: { value: T; transition: Transition; outcome: Outcome } | null = null;
  try {
    return await connections.use(async (client) => {
      await client.query(`begin; set local idle_in_transaction_session_timeout = ${limitMs + idleMs}`);
      const value = await withinLimit(work({ query: (sql, params) => ask(client, sql, params ?? []) }), limitMs);
      const transition = finish(value);
      const outcome = await record(client, connections.schema, transaction, transition);
      if (!outcome.ok) {
        await client.query("rollback");
        return { value, outcome };
      }
      sent = { value, transition, outcome };
      await client.query("commit");
      return { value, outcome };
    }, limitMs + recordMs);
  } catch (error) {
    if (error instanceof BatonError) throw error;
    const lost = toStoreError(error);
    if (sent === null || lost.code !== "unknown-outcome") throw lost;
    return settleLost(connections, run, sent, lost);
  }
}

/** Blocks only sessions that need the same rows. */
const txLimitMs = 5_000;
/** Time limit for Baton's own part after the user's. */
const recordMs = 5_000;

async function record(
  client: PoolClient,
  schema: string,
  { context, clock }: StoreTransaction,
  transition: Transition,
): Promise<Outcome> {
  await client.query(
    `set local search_path to "${schema}", pg_temp; select pg_advisory_xact_lock(${lockOf(schema, "turn")})`,
  );
  await lockNames(client, schema, namesOf([transition]));
  const { rows } = await client.query<{ at: number }>("select baton_now() as at");
  const at = Number(rows[0]?.at ?? 0);
  clock.set(at);
  const outcome = await drive(client, applyTransition(context, transition, at));
  await drive(client, settleTransaction(context));
  return outcome;
}

/** Waits for the run's lock, which a commit that is still running holds. */
async function settleLost<T>(
  connections: Connections,
  run: number,
  { value, transition, outcome }: { value: T; transition: Transition; outcome: Outcome },
  lost: Error,
): Promise<{ value: T; outcome: Outcome }> {
  const seq = transition.kind === "advance" ? transition.entries?.[0]?.seq : undefined;
  if (seq === undefined) throw lost;
  const { schema } = connections;
  const isThere = await connections.use(async (client) => {
    await client.query("begin");
    await client.query(`select 1 from "${schema}".live where run = $1 for no key update`, [run]);
    const { rowCount } = await client.query(`select 1 from "${schema}".steps where run = $1 and seq = $2`, [run, seq]);
    await client.query("rollback");
    return rowCount === 1;
  });
  if (!isThere) throw lost;
  return { value, outcome };
}

/** Runs one statement of the user. The server refuses several in one text. */
async function ask(client: PoolClient, sql: string, params: readonly unknown[]): Promise<Record<string, unknown>[]> {
  refuseVerbs(sql);
  try {
    const statement: QueryConfig & { queryMode: "extended" } = {
      text: sql,
      values: [...params],
      queryMode: "extended",
    };
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    // A statement that is wrong or violates a constraint is the author's error; everything else is the database's.
    if (typeof code === "string" && /^(2[0-47]|4[24]|0A|P0)/.test(code))
      throw new BatonError("tx-failed", `ctx.tx: ${message}`, { hint: "check the statement", cause: error });
    throw error;
  }
}

const ours =
  /^(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare|set|reset|discard|listen|unlisten|lock)\b/i;

function refuseVerbs(sql: string): void {
  const first = sql.replace(/^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/, "");
  if (!ours.test(first) && !/\bset_config\s*\(/i.test(sql)) return;
  throw new BatonError(
    "tx-refused",
    "ctx.tx: BEGIN, COMMIT, ROLLBACK, SAVEPOINT, SET and LISTEN are not allowed inside ctx.tx",
    {
      hint: "use db.query, and only on your own tables",
    },
  );
}

async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(txTooLong()), limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function txTooLong(): BatonError {
  return new BatonError("tx-too-long", "ctx.tx took longer than its limit and was rolled back", {
    hint: "await only db.query inside ctx.tx: it holds row locks until it returns",
  });
}
