import pg from "pg";

/** The server that the peers share: trusted on loopback, or what `BATON_PEERS_POSTGRES` says. */
export const serverUrl = process.env.BATON_PEERS_POSTGRES ?? "postgres://root@127.0.0.1:5432/postgres";

/** How the databases begin that this benchmark makes; the process that made one is at the end of its name. */
const namePrefix = "baton_peers_";

/** The name of the connections that only look on: what they cost is not the peer's. */
const watchName = "baton-peers-watch";

/** More often than a server looks by itself, which is each minute, since a workload ends within two. */
const tidyEveryMs = 15_000;

/** The address of another database on the same server. */
export function urlOf(database) {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** A connection of its own for one question or a few. */
export async function withConnection(url, work) {
  const client = new pg.Client({ connectionString: url });
  // A server that goes away mid-way fails the next question, which is where it is reported.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes an empty database for one peer and returns its name. */
export async function createDatabase(peer) {
  const name = `${namePrefix}${peer.replaceAll(/[^a-z0-9]/g, "_")}_${process.pid}`;
  await withConnection(serverUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
  });
  return name;
}

export async function dropDatabase(name) {
  await withConnection(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

/** Drops what a benchmark left behind that was itself killed. */
export async function dropLeftovers() {
  await withConnection(serverUrl, async (client) => {
    const { rows } = await client.query("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", [namePrefix]);
    for (const { datname } of rows) {
      if (isAlive(Number(datname.split("_").at(-1)))) continue;
      await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
    }
  });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** What a connection to the peer's database has for durability; no peer here changes that for its own. */
export async function readDurability(url) {
  return withConnection(url, async (client) => {
    const show = async (name) => `${name}=${(await client.query(`SHOW ${name}`)).rows[0][name]}`;
    return [
      await show("fsync"),
      await show("synchronous_commit"),
      await show("full_page_writes"),
      await show("autovacuum"),
    ].join(" ");
  });
}

/** The tables of one schema with their indexes and long values, in bytes. */
export async function schemaBytes(url, schema) {
  return withConnection(url, async (client) => {
    const { rows } = await client.query(
      "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'",
      [schema],
    );
    return Number(rows[0].bytes);
  });
}

export async function readVersion() {
  return withConnection(serverUrl, async (client) => {
    const { rows } = await client.query("SHOW server_version");
    return rows[0].server_version.split(" ")[0];
  });
}

/** Watches one database from outside it. */
export class DatabaseWatch {
  #client;
  #database;

  /** @param {string} url Of the database. */
  constructor(url) {
    this.#database = new URL(url).pathname.slice(1);
    this.#client = new pg.Client({ connectionString: serverUrl });
    this.#client.on("error", () => {});
  }

  async open() {
    await this.#client.connect();
  }

  /** The server's processes that serve this database now. */
  async pids() {
    const { rows } = await this.#client.query(
      "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2",
      [this.#database, watchName],
    );
    return rows.map((row) => row.pid);
  }

  /** All tables, indexes and catalogues of the database, in bytes. */
  async bytes() {
    const { rows } = await this.#client.query("SELECT pg_database_size($1) AS bytes", [this.#database]);
    return Number(rows[0].bytes);
  }

  async close() {
    await this.#client.end();
  }
}

/**
 * Does what autovacuum would, on a server where it is off: without statistics the planner takes indexes that no peer
 * was made for.
 */
export class Housekeeping {
  #client;
  #timer;
  #isOff = false;

  /** @param {string} url Of the peer's database. */
  constructor(url) {
    this.#client = new pg.Client({ connectionString: url, application_name: watchName });
    this.#client.on("error", () => {});
  }

  async open() {
    await this.#client.connect();
    this.#isOff = (await this.#client.query("SHOW autovacuum")).rows[0].autovacuum === "off";
    this.#timer = setInterval(() => this.tidy(), tidyEveryMs);
    this.#timer.unref();
  }

  /** Vacuums and analyses all tables once, if the server does not by itself. */
  async tidy() {
    if (this.#isOff) await this.#client.query("VACUUM (ANALYZE)");
  }
}

/** A question asked again and again on one connection, such as how many runs have ended. */
export class CountQuery {
  #client;
  #sql;

  /** @param {string} url @param {string} sql Gives one row with one number named `count`. */
  constructor(url, sql) {
    this.#client = new pg.Client({ connectionString: url, application_name: watchName });
    this.#client.on("error", () => {});
    this.#sql = sql;
    this.opened = this.#client.connect();
  }

  async read() {
    await this.opened;
    return Number((await this.#client.query(this.#sql)).rows[0].count);
  }
}
