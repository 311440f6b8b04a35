/**
 * The Postgres that tests share: the one that `BATON_TEST_POSTGRES` names, else one on this machine that accepts us,
 * else one that is started for the tests. `npm test` finds it once for all its files and passes the address on.
 */
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { Client, type QueryResultRow } from "pg";
import { canConnect, type OwnServer, startOwnServer } from "./own-server.ts";

/** The variable that holds its address. */
export const addressVariable = "BATON_TEST_POSTGRES";

/** A shared Postgres. */
export interface SharedServer {
  readonly url: string;
  /** Ends it if it was started for the tests. */
  end(): Promise<void>;
}

/** A schema for one test, dropped when the test is over. */
export interface FreshSchema {
  readonly schema: string;
  /** A store's address: the schema does not exist yet, its first opener creates it. */
  readonly url: string;
  /** Queries the database directly, with the schema as search path. */
  query<Row extends QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
}

/** Users and databases to try on a machine's own Postgres. */
const usualUsers = ["root", "postgres"];
const usualDatabases = ["test", "postgres"];

/** Finds a Postgres or starts one. Throws when neither is possible. */
export async function provideServer(): Promise<SharedServer> {
  const found = await findServer();
  if (found !== null) return { url: found, end: async () => {} };
  // Its data is deleted after the tests: nothing has to survive a crash of the machine.
  const server: OwnServer = await startOwnServer({ settings: { fsync: "off", full_page_writes: "off" } });
  return { url: server.url, end: server.end };
}

async function findServer(): Promise<string | null> {
  const named = process.env[addressVariable];
  if (named !== undefined && named !== "") return named;
  for (const user of usualUsers) {
    for (const database of usualDatabases) {
      const url = `postgres://${user}@127.0.0.1:5432/${database}`;
      if (await canConnect(url)) return url;
    }
  }
  return null;
}

let shared: Promise<string | Error> | null = null;

function sharedServer(): Promise<string | Error> {
  shared ??= provideServer().then(
    (server) => server.url,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  return shared;
}

/**
 * For the `skip` of tests that need Postgres: false when there is one, else the reason, which is also printed. With
 * `BATON_CI=1` it throws instead, since a machine that decides about changes must not skip them.
 */
export async function noPostgres(): Promise<string | false> {
  const server = await sharedServer();
  if (typeof server === "string") return false;
  if (process.env["BATON_CI"] === "1") throw server;
  console.log(`SKIPPED tests of Postgres: ${server.message}`);
  return server.message;
}

/** Prepares a schema for one test in the shared Postgres. */
export async function freshSchema(test: Pick<TestContext, "after">, prefix = "baton_test"): Promise<FreshSchema> {
  const server = await sharedServer();
  if (typeof server !== "string") throw server;
  const schema = `${prefix}_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const query = async <Row extends QueryResultRow>(sql: string, params: readonly unknown[] = []): Promise<Row[]> => {
    const client = new Client({ connectionString: server, options: `-c search_path=${schema}` });
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...params])).rows;
    } finally {
      await client.end();
    }
  };
  test.after(() => query(`drop schema if exists ${schema} cascade`));
  return { schema, url: addressOf(server, schema), query };
}

/** The address of a store in this schema of a database. */
export function addressOf(database: string, schema: string): string {
  const url = new URL(database);
  url.searchParams.set("schema", schema);
  return url.href;
}
