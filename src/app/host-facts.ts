import { readdirSync, readFileSync, readlinkSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { HostFacts } from "../kernel/model/doctor.ts";
import { readOwner } from "../stores/sqlite/owner.ts";
import { isAlive } from "./find-server.ts";

/** File systems by their statfs magic number, with those that corrupt a store and those that are not durable. */
const fileSystems: ReadonlyMap<number, { name: string; isRemote: boolean; isFleeting: boolean }> = new Map([
  [0x6969, remote("NFS")],
  [0xff534d42, remote("CIFS")],
  [0xfe534d42, remote("SMB2")],
  [0x65735546, remote("FUSE")],
  [0x01021997, remote("9p")],
  [0x794c7630, fleeting("overlay")],
  [0x01021994, fleeting("tmpfs")],
  [0xef53, local("ext4")],
  [0x58465342, local("XFS")],
  [0x9123683e, local("Btrfs")],
  [0x2fc12fc1, local("ZFS")],
]);

function remote(name: string): { name: string; isRemote: boolean; isFleeting: boolean } {
  return { name, isRemote: true, isFleeting: false };
}

function fleeting(name: string): { name: string; isRemote: boolean; isFleeting: boolean } {
  return { name, isRemote: false, isFleeting: true };
}

function local(name: string): { name: string; isRemote: boolean; isFleeting: boolean } {
  return { name, isRemote: false, isFleeting: false };
}

/** Reads facts about this machine without touching the store. */
export function readHostFacts(store: string): HostFacts {
  const path = resolve(store);
  const owner = readOwner(path);
  return {
    path,
    node: process.versions.node,
    ...readDisk(dirname(path)),
    openers: findOpeners(path, new Set([process.pid, owner?.pid ?? process.pid])),
    owner: owner === null ? null : { pid: owner.pid, isAlive: isAlive(owner.pid) },
    wall: Date.now(),
    clockJumpMs: Math.round(Date.now() - (performance.timeOrigin + performance.now())),
  };
}

function readDisk(folder: string): Pick<HostFacts, "fileSystem" | "disk"> {
  try {
    const { type, bsize, bavail, blocks } = statfsSync(folder);
    const fileSystem = fileSystems.get(type) ?? local(`file system 0x${type.toString(16)}`);
    return { fileSystem, disk: { freeBytes: bavail * bsize, totalBytes: blocks * bsize } };
  } catch {
    // Missing or not readable: opening the store reports it.
    return { fileSystem: null, disk: null };
  }
}

/** Other processes that have the file open, as far as this user may see them. Null if the system does not report it. */
function findOpeners(path: string, known: ReadonlySet<number>): HostFacts["openers"] {
  let pids: readonly number[];
  try {
    pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return null;
  }
  return pids.filter((pid) => !known.has(pid) && hasOpen(pid, path)).map((pid) => ({ pid, command: commandOf(pid) }));
}

function hasOpen(pid: number, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === path);
  } catch {
    // The process has ended meanwhile, or belongs to another user.
    return false;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 80);
  } catch {
    return "";
  }
}
