import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

/** A finished command. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command. */
export interface Running {
  readonly child: ChildProcess;
  readonly lines: { out: string; err: string };
  readonly ended: Promise<Ended>;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  /** The Node that runs the command; this one by default. */
  readonly node?: string;
}

export interface CliProject {
  readonly folder: string;
  readonly store: string;
  /** Runs a command to its end. */
  baton(args: readonly string[], how?: CommandOptions): Promise<Ended>;
  /** The same, with its stdout parsed as JSON. */
  json<T>(args: readonly string[], how?: CommandOptions): Promise<{ code: number | null; value: T; stderr: string }>;
  launch(args: readonly string[], how?: CommandOptions): Running;
  /** Runs `baton start`; resolves when it serves. */
  start(args?: readonly string[]): Promise<Running & { url: string; pid: number }>;
  write(file: string, text: string): void;
}

export const bin = resolve(import.meta.dirname, "../../bin/baton.js");
const limitMs = 20_000;

/** A new folder with the workflows of `workflows/`, in which commands run as processes. */
export function setup(test: TestContext): CliProject {
  const folder = mkdtempSync(join(tmpdir(), "baton-cli-"));
  const store = join(folder, "baton.db");
  cpSync(join(import.meta.dirname, "workflows"), join(folder, "workflows"), { recursive: true });
  const running = new Set<Running>();
  const launch: CliProject["launch"] = (args, how = {}) => {
    const started = run(folder, args, how);
    running.add(started);
    void started.ended.then(() => running.delete(started));
    return started;
  };
  test.after(async () => {
    for (const each of running) each.child.kill("SIGKILL");
    await Promise.all([...running].map((each) => each.ended));
    rmSync(folder, { recursive: true, force: true });
  });
  const baton: CliProject["baton"] = (args, how) => launch(args, how).ended;
  return {
    folder,
    store,
    baton,
    launch,
    json: async (args, how) => {
      const { code, stdout, stderr } = await baton([...args, "--json"], how);
      assert.notEqual(stdout, "", `${args.join(" ")} prints no JSON: ${stderr}`);
      return { code, stderr, value: JSON.parse(stdout) };
    },
    start: async (args = ["start"]) => {
      const server = launch(args);
      const { url, pid } = await eventually("the server serves", () => servingOwner(store, server));
      // The server is announced before its greeting has passed the pipe.
      await eventually("the server has greeted", () => (/^press Ctrl-C to stop/m.test(server.lines.out) ? true : null));
      return { ...server, url, pid };
    },
    write: (file, text) => {
      mkdirSync(resolve(folder, file, ".."), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
  };
}

/** Polls until `find` returns a value. */
export async function eventually<T>(what: string, find: () => Promise<T | null> | T | null): Promise<T> {
  const endsAt = performance.now() + limitMs;
  for (;;) {
    const found = await find();
    if (found !== null) return found;
    assert.ok(performance.now() < endsAt, `${what}: not within ${limitMs} ms`);
    await delay(20);
  }
}

function servingOwner(store: string, server: Running): { url: string; pid: number } | null {
  assert.equal(server.child.exitCode, null, `the server has ended: ${server.lines.err}`);
  try {
    const owner = JSON.parse(readFileSync(`${store}.owner.json`, "utf8")) as { pid: number; url: string | null };
    return owner.url === null || owner.pid !== server.child.pid ? null : { url: owner.url, pid: owner.pid };
  } catch {
    return null;
  }
}

function run(
  folder: string,
  args: readonly string[],
  { env, stdin, node = process.execPath }: CommandOptions,
): Running {
  // None of this process's own settings: `--conditions` among its options would hide that the command needs none.
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:BATON_|NODE_|NO_COLOR)/.test(name)),
  );
  const child = spawn(node, [bin, ...args], {
    cwd: folder,
    env: { ...clean, BATON_PORT: "0", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    lines.out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    lines.err += chunk.toString();
  });
  child.stdin.end(stdin ?? "");
  const ended = new Promise<Ended>((done) => {
    child.on("close", (code) => done({ code, stdout: lines.out, stderr: lines.err }));
  });
  return { child, lines, ended };
}
