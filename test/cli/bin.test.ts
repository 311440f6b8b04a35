import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { bin, setup } from "./baton.ts";

/** The machine's own Node, if it is an older one. */
function olderNode(): string | null {
  const path = (process.env["PATH"] ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
  for (const folder of path) {
    const node = join(folder, "node");
    const { stdout, status } = spawnSync(node, ["--version"], { encoding: "utf8" });
    if (status === 0) return Number(stdout.slice(1).split(".")[0]) < 26 ? node : null;
  }
  return null;
}

const node = olderNode();
const skip = node === null ? "this machine has no older Node" : false;

test("an older Node runs the Node next to the package, with arguments, stdin and exit code", {
  skip,
}, async (t) => {
  const { baton } = setup(t);
  const how = { node: node ?? "", stdin: '{"name":"Ada"}' };
  const done = await baton(["run", "hello", "--input", "-", "--wait"], how);
  assert.deepEqual([done.code, done.stderr], [0, ""]);
  assert.match(done.stdout, /Hello Ada/);
  assert.equal((await baton(["show", "nope"], { node: node ?? "" })).code, 3);
});

test("an older Node passes on SIGTERM, and the server stops gracefully", { skip }, async (t) => {
  const { launch } = setup(t);
  const server = launch(["start", "--json"], { node: node ?? "" });
  await new Promise<void>((resolve) => server.child.stdout?.once("data", () => resolve()));
  server.child.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);
});

test("an older Node without a newer one next to the package prints one line with the fix", { skip }, (t) => {
  const { folder } = setup(t);
  const alone = join(folder, "alone/bin");
  mkdirSync(alone, { recursive: true });
  cpSync(dirname(bin), alone, { recursive: true });
  const { status, stderr } = spawnSync(node ?? "", [join(alone, "baton.js"), "start"], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, /^Baton needs Node 26, and this is Node \d+\.\d+\.\d+\. To fix it: npm i -D node@26\n$/);
});
