import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RunDetail } from "../../src/wire/run.ts";
import { eventually, type Running, setup } from "./baton.ts";

const greeter = (word: string): string => `import { workflow } from "baton";
import { word } from "../lib/word.ts";
export const greeter = workflow({ name: "greeter" }, () => \`\${word} ${word}\`);
`;

function logged(server: Running, what: RegExp): Promise<true> {
  return eventually(String(what), () => (what.test(server.lines.err) ? true : null));
}

test("baton dev reloads changes, keeps the last good version of a broken file, and reports the error", async (t) => {
  const { json, start, write } = setup(t);
  write("lib/word.ts", 'export const word = "Hello";\n');
  write("workflows/greeter.ts", greeter("one"));
  const server = await start(["dev"]);
  assert.equal(server.lines.out.trimEnd().split("\n").length, 4);
  const output = async (): Promise<unknown> => (await json<RunDetail>(["run", "greeter", "--wait"])).value.output;
  assert.equal(await output(), "Hello one");

  write("workflows/greeter.ts", greeter("two"));
  await logged(server, /reloaded: .*greeter/);
  assert.equal(await output(), "Hello two");

  write("workflows/greeter.ts", "export const = 1;\n");
  await logged(server, /error: workflows\/greeter\.ts:1: SyntaxError/);
  assert.equal(await output(), "Hello two");

  write("workflows/greeter.ts", greeter("three"));
  await eventually("it is fixed", async () => ((await output()) === "Hello three" ? true : null));

  write("lib/word.ts", 'export const word = "Good day";\n');
  await eventually("changes of imported files are followed", async () =>
    (await output()) === "Good day three" ? true : null,
  );

  write(
    "workflows/late.ts",
    'import { workflow } from "baton";\nexport const late = workflow({ name: "late" }, () => 7);\n',
  );
  await logged(server, /reloaded: .*late/);
  assert.equal((await json<RunDetail>(["run", "late", "--wait"])).value.output, 7);
});

test("baton dev survives the removal of its folder, and follows its replacement", async (t) => {
  const { folder, json, start, write } = setup(t);
  const server = await start(["dev", "workflows"]);
  renameSync(join(folder, "workflows"), join(folder, "elsewhere"));
  write(
    "workflows/greeter.ts",
    'import { workflow } from "baton";\nexport const back = workflow({ name: "back" }, () => 1);\n',
  );
  await logged(server, /reloaded: back/);
  write(
    "workflows/greeter.ts",
    'import { workflow } from "baton";\nexport const back = workflow({ name: "back" }, () => 2);\n',
  );
  await eventually("changes are followed", async () =>
    (await json<RunDetail>(["run", "back", "--wait"])).value.output === 2 ? true : null,
  );
});

test("baton dev warns once of each non-deterministic call in a workflow, but not of Baton's own calls", async (t) => {
  const { json, start, write } = setup(t);
  write(
    "workflows/ambient.ts",
    `import { workflow } from "baton";
export const child = workflow({ name: "child" }, (ctx) => ctx.step("own", () => [Date.now(), Math.random(), new Date()].length));
export const clean = workflow({ name: "clean" }, async (ctx) => {
  const failing = ctx.step("fails once", (attempt) => { if (attempt.number < 2) throw new Error("no"); }, { retry: { first: 1, jitter: 1 } });
  await Promise.all([failing, ctx.sleep("nap", 5), ctx.start(child, null), ctx.call(child, null)]);
  await ctx.emit({ name: "something" });
  return new Date(ctx.now()) instanceof Date;
});
export const dirty = workflow({ name: "dirty" }, async (ctx) => {
  await ctx.step("first", () => 1);
  await fetch("data:,x");
  return [Math.random(), Math.random(), Date.now(), new Date()].filter((value) => value !== null).length;
});
`,
  );
  const server = await start(["dev"]);
  assert.equal((await json<RunDetail>(["run", "clean", "--wait"])).value.output, true);
  assert.doesNotMatch(server.lines.err, /warn/);
  for (let i = 0; i < 2; i++) assert.equal((await json<RunDetail>(["run", "dirty", "--wait"])).value.output, 4);
  const warned = [...server.lines.err.matchAll(/warn: workflow (\w+) uses (.+?) outside .*"instead":"([^"]+)"/g)];
  assert.deepEqual(
    warned.map(([, ...parts]) => parts),
    [
      ["dirty", "fetch()", "a step: ctx.step(name, () => fetch(…))"],
      ["dirty", "Math.random()", "ctx.random()"],
      ["dirty", "Date.now()", "ctx.now()"],
      ["dirty", "new Date()", "new Date(ctx.now())"],
    ],
  );
});
