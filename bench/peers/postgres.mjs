import pg from "pg";

/** The server that the peers share: one on loopback without a password, or the one in `BATON_PEERS_POSTGRES`. */
export const serverUrl = process.env.BATON_PEERS_POSTGRES ?? "postgres://root@127.0.0.1:5432/postgres";

/** Prefix of the databases that this benchmark creates. The name ends with the pid of the process that created it. */
const namePrefix = "baton_peers_";

/** Application name of the connections that only observe. Their cost is not counted for the peer. */
const watchName = "baton-peers-watch";

/** More often than autovacuum (each minute), because a workload ends within two minutes. */
const vacuumEveryMs = 15_000;

/** The address of another database on the same server. */
export function urlOf(database) {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs `work` with its own connection. */
export async function withConnection(url, work) {
  const client = new pg.Client({ connectionString: url });
  // If the connection is lost, the next query fails and reports it.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Creates an empty database for one peer and returns its name. */
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

/** Drops the databases of benchmarks that were killed. */
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

/** The durability settings of a connection to the peer's database. No peer here changes them. */
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

/** Size in bytes of the tables of one schema, with their indexes and TOAST tables. */
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

/** Observes one database from outside. */
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

  /** The server processes with connections to this database. */
  async pids() {
    const { rows } = await this.#client.query(
      "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2",
      [this.#database, watchName],
    );
    return rows.map((row) => row.pid);
  }

  /** Size of the database in bytes, with all tables, indexes and catalogs. */
  async bytes() {
    const { rows } = await this.#client.query("SELECT pg_database_size($1) AS bytes", [this.#database]);
    return Number(rows[0].bytes);
  }

  async close() {
    await this.#client.end();
  }
}

/**
 * Replaces autovacuum on a server where it is off. Without statistics the planner would choose indexes that no peer
 * expects.
 */
export class VacuumSchedule {
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
    this.#timer = setInterval(() => this.vacuum(), vacuumEveryMs);
    this.#timer.unref();
  }

  /** Vacuums and analyses all tables once, if autovacuum is off. */
  async vacuum() {
    if (this.#isOff) await this.#client.query("VACUUM (ANALYZE)");
  }
}

/** A repeated query on one connection, such as the number of ended runs. */
export class CountQuery {
  #client;
  #sql;

  /** @param {string} url @param {string} sql Returns one row with one number named `count`. */
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
