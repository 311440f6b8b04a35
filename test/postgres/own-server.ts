/**
 * A Postgres of one test, which can be killed, stopped, run out of disk or given another time without affecting other
 * tests.
 */
import { execFileSync } from "node:child_process";
import { chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { mountTmpfs } from "../disk/mounts.ts";
import { type Binaries, findBinaries, findServerUser, isRunnable, type Origin, type ServerUser } from "./binaries.ts";
import { type Guarded, runGuarded } from "./guard.ts";

/** How it differs from the default. Everything else is as Postgres has it by default, above all its durability. */
export interface OwnServerOptions {
  readonly origin?: Origin;
  /** Puts its data on a disk of this size; needs mounts. A new Postgres has about 40 MB. */
  readonly diskMegabytes?: number;
  /** Environment of the server, such as for libfaketime. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of Postgres that differ from the default. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A Postgres of one test. */
export interface OwnServer {
  /** Address of its database `postgres`, as its superuser. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Its log. */
  readonly logFile: string;
  /** Restarts it and waits until it accepts clients. */
  start(): Promise<void>;
  /** SIGKILL, as when the machine is out of memory; waits until it has exited. */
  kill(): Promise<void>;
  /** An immediate shutdown: no checkpoint, recovery at the next start. Waits until it has exited. */
  stopImmediately(): Promise<void>;
  /** Ends it and removes everything that it has written. */
  end(): Promise<void>;
}

const noPrograms = "no Postgres to start: neither the machine's nor one from npm";
/** Far longer than a start with recovery after any test. */
const startLimitMs = 60_000;
const pollMs = 20;

/** Creates a Postgres and starts it. Throws when this machine has no programs for it. */
export async function startOwnServer(options: OwnServerOptions = {}): Promise<OwnServer> {
  const binaries = await findBinaries(options.origin);
  if (binaries === null) throw new Error(noPrograms);
  const user = findServerUser();
  const folder = mkdtempSync(join(tmpdir(), "baton-postgres-"));
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const disk = options.diskMegabytes === undefined ? null : mountTmpfs(options.diskMegabytes);
  if (disk !== null && user !== null) chownSync(disk.path, user.uid, user.gid);
  const dataDir = join(disk?.path ?? folder, "data");
  const logFile = join(folder, "log");
  const programs = runnableFor(binaries, user, folder);
  execFileSync(
    programs.initdb,
    ["-D", dataDir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"],
    { ...(user ?? {}), cwd: "/", stdio: "pipe" },
  );
  const port = await findFreePort();
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...options.settings };
  const command = [programs.postgres, "-D", dataDir, "-p", `${port}`, ...asFlags(settings)];
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let server: Guarded | null = null;
  let isEnded = false;

  const start = async (): Promise<void> => {
    const endsAt = performance.now() + startLimitMs;
    while (performance.now() < endsAt && !isEnded) {
      server = await runGuarded({ command, folder, logFile, user, env: options.env ?? {} });
      if (await isUp(url, server, endsAt)) return server.unref();
      // A killed server may still hold the shared memory.
      await delay(pollMs * 5);
    }
    throw new Error(`Postgres on port ${port} did not start; see ${logFile}`);
  };
  const sendSignal = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === null || server.isGone()) return;
    process.kill(server.pid, signal);
    await server.whenGone();
  };
  await start();
  return {
    url,
    port,
    dataDir,
    logFile,
    start,
    kill: () => sendSignal("SIGKILL"),
    stopImmediately: () => sendSignal("SIGQUIT"),
    end: async () => {
      isEnded = true;
      await sendSignal("SIGQUIT");
      disk?.unmount();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** For the `skip` of tests that need their own Postgres, like `noPostgres` for those that share one. */
export async function noPostgresPrograms(): Promise<string | false> {
  if ((await findBinaries()) !== null) return false;
  if (process.env["BATON_CI"] === "1") throw new Error(noPrograms);
  console.log(`SKIPPED tests of Postgres: ${noPrograms}`);
  return noPrograms;
}

/** The programs that this user can run: a copy if he has no access to their folder. */
function runnableFor(binaries: Binaries, user: ServerUser | null, folder: string): Binaries {
  if (isRunnable(binaries.postgres, user)) return binaries;
  const copy = join(folder, "programs");
  mkdirSync(copy);
  cpSync(dirname(dirname(binaries.postgres)), copy, { recursive: true, verbatimSymlinks: true });
  return { ...binaries, initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") };
}

async function isUp(url: string, server: Guarded, endsAt: number): Promise<boolean> {
  while (!server.isGone() && performance.now() < endsAt) {
    if (await canConnect(url)) return true;
    await delay(pollMs);
  }
  return false;
}

/** Whether the server at this address accepts a connection. */
export async function canConnect(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function asFlags(settings: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function findFreePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return promise;
}
