import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { addressOf, provideServer } from "../test/postgres/server.ts";
import { type Floor, SqliteFloor } from "./floor.ts";
import { PostgresFloor } from "./postgres-floor.ts";

/** What a workload needs from a database: new stores, their bare cost, and the CPU time of the server. */
export interface BenchStore {
  readonly name: "sqlite" | "postgres";
  /** Version and durability settings, as the server reports them. */
  readonly description: string;
  /** The address of a store with this name. The first open creates it. */
  address(name: string): string;
  floor(name: string): Promise<Floor>;
  /** Size of a closed store in bytes. */
  bytes(name: string): Promise<number>;
  /** CPU time of the database's processes in ms since their start; 0 if it has none. */
  cpuMs(): number;
  /** Removes a store. */
  drop(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openBenchStore(name: string, folder: string): Promise<BenchStore> {
  return name === "postgres" ? openPostgres() : openSqlite(folder);
}

function openSqlite(folder: string): BenchStore {
  const path = (name: string): string => join(folder, `${name}.db`);
  return {
    name: "sqlite",
    description: `SQLite ${process.versions["sqlite"]}, synchronous=FULL`,
    address: (name) => `sqlite:${path(name)}`,
    floor: async (name) => new SqliteFloor(path(`floor-${name}`)),
    bytes: async (name) => statSync(path(name)).size,
    cpuMs: () => 0,
    drop: async () => {},
    close: async () => {},
  };
}

async function openPostgres(): Promise<BenchStore> {
  const server = await provideServer();
  const client = new Client({ connectionString: server.url });
  await client.connect();
  const show = async (name: string): Promise<string> =>
    String((await client.query(`show ${name}`)).rows[0]?.[name] ?? "?");
  const postmaster = await postmasterPid(client);
  const schemas = new Set<string>();
  const schemaOf = (name: string): string => {
    const schema = `baton_bench_${process.pid}_${name.replaceAll("-", "_")}`;
    schemas.add(schema);
    return schema;
  };
  const drop = async (name: string): Promise<void> => {
    await client.query(`drop schema if exists ${schemaOf(name)} cascade`);
  };
  return {
    name: "postgres",
    description: `PostgreSQL ${await show("server_version")}, fsync=${await show("fsync")}, synchronous_commit=${await show("synchronous_commit")}`,
    address: (name) => addressOf(server.url, schemaOf(name)),
    floor: async (name) => PostgresFloor.open(addressOf(server.url, schemaOf(`floor_${name}`))),
    bytes: async (name) => {
      const { rows } = await client.query<{ bytes: string }>(
        "select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r'",
        [schemaOf(name)],
      );
      return Number(rows[0]?.bytes ?? 0);
    },
    cpuMs: () => (postmaster === null ? 0 : treeCpuMs(postmaster)),
    drop,
    close: async () => {
      for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`);
      await client.end();
      await server.end();
    },
  };
}

/** The parent of our backend; null if the server runs on another machine. */
async function postmasterPid(client: Client): Promise<number | null> {
  const backend = Number((await client.query("select pg_backend_pid() as pid")).rows[0]?.pid);
  return statOf(backend)?.parent ?? null;
}

const ticksPerSecond = 100;

function statOf(pid: number): { parent: number; own: number; waited: number; name: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const at = (place: number): number => fields[place] ?? 0;
    return { name, parent: at(1), own: at(11) + at(12), waited: at(13) + at(14) };
  } catch {
    return null;
  }
}

/** CPU time of a process, its running children, and the children that it has waited for. */
function treeCpuMs(root: number): number {
  const top = statOf(root);
  if (top === null || !top.name.startsWith("postgres")) return 0;
  let ticks = top.own + top.waited;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(Number(entry));
    if (stat !== null && stat.parent === root) ticks += stat.own;
  }
  return (ticks * 1000) / ticksPerSecond;
}
