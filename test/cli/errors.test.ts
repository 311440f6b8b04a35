import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { eventually, setup } from "./baton.ts";

interface PrintedError {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

test("with --json every error is one object on stderr, with an exit code for its kind", async (t) => {
  const { baton, write } = setup(t);
  await baton(["run", "hello", "--input", '{"name":"Ada"}', "--wait", "--idempotency-key", "k"]);
  write("bad.json", "{");
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [["show", "run_nope"], 3, "not-found"],
    [["run", "nope"], 3, "unknown-definition"],
    [["run", "hello", "--input", "{"], 2, "malformed-json"],
    [["run", "hello", "--input", "@bad.json"], 2, "malformed-json"],
    [["run", "hello", "--input", "@none.json"], 2, "usage"],
    [["run", "hello", "--input", '{"name":"Bo"}', "--idempotency-key", "k"], 7, "key-conflict"],
    [["resume", "latest"], 7, "illegal"],
    [["runs", "--limit", "many"], 2, "usage"],
    [["runs", "--status", "retrying"], 2, "invalid-request"],
    [["explode"], 2, "usage"],
    [["show"], 2, "usage"],
    [["restart", "latest"], 2, "usage"],
    [["runs", "--url", "http://127.0.0.1:9"], 5, "unreachable"],
    [["runs", "--url", "nowhere"], 2, "usage"],
    [["runs", "--store", "postgres:x"], 2, "invalid-option"],
    [["start", "--port", "many"], 2, "invalid-config"],
    [["start", "--host", "0.0.0.0"], 4, "needs-accounts"],
    [["start", "--host", "example.com"], 4, "needs-accounts"],
    [["run", "hello", "--input", '{"n":9007199254740993}'], 2, "unsafe-integer"],
    [["start", "--config", "none.ts"], 2, "invalid-config"],
    [["db", "backup", "nowhere/copy.db"], 2, "invalid-option"],
  ];
  for (const [args, code, name] of cases) {
    const ended = await baton([...args, "--json"]);
    assert.deepEqual([ended.code, ended.stdout], [code, ""], `${args.join(" ")}: ${ended.stderr}`);
    const { error } = JSON.parse(ended.stderr) as PrintedError;
    assert.equal(error.code, name, args.join(" "));
    assert.ok(error.message.length > 0);
  }
});

test("a wait that takes too long ends with exit code 6", async (t) => {
  const { baton, start } = setup(t);
  await start();
  const { code, stderr } = await baton(["run", "patient", "--wait", "--timeout", "100ms"]);
  assert.equal(code, 6);
  assert.match(
    stderr,
    /is still waiting after 100 ms\nhint: it continues in the background; check it with: baton show run_/,
  );
});

test("Ctrl-C ends a wait with exit code 130, and the run continues", async (t) => {
  const { json, launch, start } = setup(t);
  await start();
  const waiting = launch(["run", "patient", "--watch"]);
  await eventually("the run waits", () => (/waiting {2,}go/.test(waiting.lines.err) ? true : null));
  waiting.child.kill("SIGINT");
  const { code, stderr } = await waiting.ended;
  assert.equal(code, 130);
  assert.match(stderr, /interrupted; the run continues/);
  assert.equal((await json<{ status: string }>(["show", "latest"])).value.status, "waiting");
});

test("a file that is not a store is refused by name and unchanged", async (t) => {
  const { baton, write, folder } = setup(t);
  write("notes.txt", "These are my notes, not a database.");
  for (const args of [["runs"], ["run", "hello"], ["start"], ["db", "backup", "copy.db"]]) {
    const { code, stderr } = await baton([...args, "--store", "notes.txt"]);
    assert.equal(code, 1, args.join(" "));
    assert.match(stderr, /notes\.txt is not a SQLite file\nhint: use another file/);
  }
  assert.equal(readFileSync(`${folder}/notes.txt`, "utf8"), "These are my notes, not a database.");
});

test("a store of a newer Baton is refused with both schema numbers", async (t) => {
  const { baton, store } = setup(t);
  await baton(["run", "hello", "--input", '{"name":"Ada"}']);
  const db = new DatabaseSync(store);
  db.exec("pragma user_version = 99");
  db.close();
  const { code, stderr } = await baton(["run", "hello"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /the store has schema 99, but this Baton version supports schemas up to \d+\nhint: use the newer Baton version/,
  );
});

test("a definition that cannot be loaded is reported with file and line, and the others run", async (t) => {
  const { baton, write } = setup(t);
  write(
    "workflows/a-syntax.ts",
    'import { workflow } from "baton";\n\nexport const x = workflow({ name: "x" }, (ctx => ;\n',
  );
  write("workflows/b-throws.ts", 'const token = undefined;\nif (token === undefined) throw new Error("no token");\n');
  write("workflows/c-missing.ts", '// one\nimport { nothing } from "not-installed";\nexport { nothing };\n');
  write(
    "workflows/z-twice.ts",
    'import { workflow } from "baton";\nexport const again = workflow({ name: "hello" }, () => 1);\n',
  );
  write("workflows/e-enum.ts", "enum Colour { Red }\nexport { Colour };\n");
  const { code, stdout, stderr } = await baton(["run", "hello", "--input", '{"name":"Ada"}', "--wait"]);
  assert.equal(code, 0);
  assert.match(stdout, /Hello Ada/);
  assert.match(stderr, /^warning: workflows\/a-syntax\.ts:3: SyntaxError: /m);
  assert.match(stderr, /^warning: workflows\/b-throws\.ts:2: no token$/m);
  assert.match(stderr, /^warning: workflows\/c-missing\.ts:2: Cannot find package 'not-installed'/m);
  assert.match(
    stderr,
    /^warning: workflows\/z-twice\.ts:2: the workflow "hello" version 1 is already defined in workflows\/hello\.ts; /m,
  );
  assert.match(stderr, /^warning: workflows\/e-enum\.ts:1: .*enum is not supported/m);
});

test("an invalid config file is reported with its file and line", async (t) => {
  const { baton, write } = setup(t);
  write(
    "baton.config.ts",
    'import { defineConfig } from "baton";\nexport default defineConfig({ stroe: "x" } as never);\n',
  );
  const unknown = await baton(["config"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /baton\.config\.ts has an unknown setting "stroe"\nhint: allowed: store, /);
  write("baton.config.ts", "\nexport default {;\n");
  assert.match((await baton(["config"])).stderr, /error: baton\.config\.ts:2: SyntaxError/);
});

test("a closed stdout ends a command without an error", async (t) => {
  const { baton, launch } = setup(t);
  await baton(["run", "hello", "--input", '{"name":"Ada"}', "--wait"]);
  const show = launch(["show", "latest"]);
  show.child.stdout?.destroy();
  const { code, stderr } = await show.ended;
  assert.deepEqual([code, stderr], [0, ""]);
});
