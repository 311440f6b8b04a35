import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseSync } from "oxc-parser";
import { fixedTotal, type Item, type Outline, operationsOf } from "./outline.ts";
import { type Code, readOutline } from "./read.ts";

function parse(text: string, language: "ts" | "js"): unknown {
  const { program, errors } = parseSync(`a.${language}`, text, { lang: language });
  if (errors.length > 0) throw new SyntaxError(errors[0]?.message);
  return program;
}

function read(run: string, more: Partial<Code> = {}): Outline {
  const outline = readOutline({ name: "w", authorVersion: null, run, module: null, ...more }, parse);
  assert.ok(outline !== null, "the code can be read");
  return outline;
}

/** An outline with one indented line per item. */
function shape(items: readonly Item[], indent = ""): string[] {
  const inner = `${indent}  `;
  return items.flatMap((item): string[] => {
    if (item.is === "operation") return [`${indent}${item.kind} ${item.step ?? `(${item.label})`}`];
    if (item.is === "leave") return [`${indent}${item.how}`];
    if (item.is === "inlined") return shape(item.items, indent);
    if (item.is === "loop") return [`${indent}loop ${item.label}`, ...shape(item.items, inner)];
    if (item.is === "attempt")
      return [`${indent}try`, ...shape(item.items, inner), `${indent}catch`, ...shape(item.handler, inner)];
    const head = item.is === "fork" ? `fork ${item.label}` : item.isRace ? "race" : "together";
    const arms = item.arms.flatMap((arm) => [`${indent}- ${arm.label ?? ""}`.trimEnd(), ...shape(arm.items, inner)]);
    return [`${indent}${head}`, ...arms];
  });
}

function lines(run: string, more: Partial<Code> = {}): string[] {
  return shape(read(run, more).items);
}

test("steps are in the order of the code, with their undo and with options resolved through constants", () => {
  const outline = read(`async (ctx, input) => {
    const options = { retry: { attempts: 5 }, timeout: "30s" } as const;
    const a = await ctx.step("create", () => 1, options);
    await ctx.once("pay", () => a, { ...options, undo: () => 2 });
    await ctx.tx("book", (db) => db.query("x"));
    await ctx.sleep("rest", "1h");
    await ctx.waitForEvent<{ a: 1 }>("deal.won", { match: { a }, timeout: "3d" });
    await ctx.emit({ name: "deal.done", data: { a } });
    await ctx.setAttributes({ a: 1 });
    await ctx.pointOfNoReturn("signed");
    await ctx.cleanup("unlock", () => ctx.log.info("not an operation"));
    return ctx.step("last", () => ctx.now());
  }`);
  assert.deepEqual(shape(outline.items), [
    "step create",
    "once pay",
    "tx book",
    "sleep rest",
    "event deal.won",
    "emit deal.done",
    "attributes attributes",
    "pivot signed",
    "cleanup unlock",
    "step last",
    "return",
  ]);
  assert.equal(fixedTotal(outline), 10);
  const [create, pay] = operationsOf(outline.items);
  assert.deepEqual([create?.options, create?.hasUndo], ['{ retry: { attempts: 5 }, timeout: "30s" }', false]);
  assert.equal(pay?.hasUndo, true);
  assert.deepEqual(outline.gaps, []);
});

test("conditions that decide which steps run are shown, others are left out", () => {
  const run = `async (ctx, { a, b }) => {
    if (a) log("nothing to record");
    if (a > 1) await ctx.step("more", () => 1); else if (b) return null;
    const c = a === b ? await ctx.step("same", () => 1) : null;
    if (c && (await ctx.step("asked", () => true))) throw new Error("no");
    b && (await ctx.step("also", () => 1));
  }`;
  assert.deepEqual(lines(run), [
    "fork a > 1",
    "- then",
    "  step more",
    "- else",
    "  fork b",
    "  - then",
    "    return",
    "  - else",
    "fork a === b",
    "- then",
    "  step same",
    "- else",
    "fork c",
    "- then",
    "  step asked",
    'fork c && (await ctx.step("asked", () => true))',
    "- then",
    "  throw",
    "- else",
    "fork b",
    "- then",
    "  step also",
  ]);
  assert.equal(fixedTotal(read(run)), null);
});

test("a switch has an arm for each case, and falls through", () => {
  const run = `async function (ctx, { kind }) {
    switch (kind) {
      case "a":
      case "b":
        await ctx.step("one", () => 1);
        break;
      case "c":
        await ctx.step("two", () => 2);
      default:
        await ctx.step("three", () => 3);
    }
    await ctx.step("after", () => 4);
  }`;
  assert.deepEqual(lines(run), [
    "fork kind",
    '- "a", "b"',
    "  step one",
    '- "c"',
    "  step two",
    "  step three",
    "- else",
    "  step three",
    "step after",
  ]);
});

test("loops, maps and lists show what they iterate over", () => {
  const run = `async (ctx, { items }) => {
    for (const item of items) await ctx.step("each", () => item);
    for (let i = 0; i < 3; i++) await ctx.step(\`turn \${i}\`, () => i);
    while (true) { if (await ctx.step("done?", () => true)) break; else continue; }
    await ctx.map("page", items, (item, branch) => branch.step("load", () => item), { concurrency: 2 });
    await Promise.all(items.map((item) => ctx.step("side by side", () => item)));
    do { await ctx.sleep("nap", "1m"); } while (items.length > 0);
  }`;
  assert.deepEqual(lines(run), [
    "loop item of items",
    "  step each",
    "loop while i < 3",
    "  step (turn …)",
    "loop repeat",
    "  step done?",
    '  fork await ctx.step("done?", () => true)',
    "  - then",
    "    break",
    "  - else",
    "    continue",
    "loop page of items",
    "  step load",
    "loop each of items",
    "  step side by side",
    "loop while items.length > 0",
    "  sleep nap",
  ]);
});

test("parallel steps are grouped", () => {
  const run = `async (ctx, { building }) => {
    const [a, b] = await Promise.all([
      ctx.step("one", () => 1),
      building === null ? null : ctx.step("two", () => 2),
      42,
    ]);
    const { winner } = await ctx.race({
      answered: (branch) => branch.waitForEvent("answer"),
      late: async (branch) => { await branch.sleep("deadline", "1h"); await branch.step("remind", () => 1); },
    });
  }`;
  assert.deepEqual(lines(run), [
    "together",
    "-",
    "  step one",
    "-",
    "  fork building === null",
    "  - then",
    "  - else",
    "    step two",
    "race",
    "- answered",
    "  event answer",
    "- late",
    "  sleep deadline",
    "  step remind",
  ]);
});

test("a caught failure leads to its handler; a rethrown one does not", () => {
  const run = `async (ctx) => {
    try { await ctx.step("charge", () => 1); } catch (error) { await ctx.step("tell", () => 2); throw error; } finally { await ctx.step("tidy", () => 3); }
    try { await ctx.step("plain", () => 1); } catch (error) { throw new Error("worse", { cause: error }); }
  }`;
  assert.deepEqual(lines(run), ["try", "  step charge", "catch", "  step tell", "  throw", "step tidy", "step plain"]);
});

const module = `
import { workflow } from "baton";
var prefix = "mail: ";
const options = { retry: { attempts: 2 } };
export const child = workflow({ name: "child-flow" }, async (c) => { await c.step("inner", () => 1); });
const other = workflow({ name: "w", version: 2 }, async (ctx) => { await ctx.step("newer", () => 1); });
const Input = z.object({ id: z.string() });
const w = workflow({ name: "w", input: Input }, async (ctx, { id }) => {
  const note = async (text) => ctx.step(prefix + text, () => text, options);
  await tell(ctx, "begun");
  await note("half way");
  await ctx.call(child, { id }, { undo: "compensate" });
  await ctx.start(child, { id }, { key: "again" });
  if (!(await isDone(ctx))) return ctx.continueAsNew({ id });
  await elsewhere(ctx);
});
async function tell(context, subject) {
  if (subject === null) return;
  await context.step(\`mail: \${subject}\`, () => subject);
}
function isDone(ctx) { return ctx.waitForEvent("done", { key: "the end" }); }
`;

test("a module's helpers are inlined where they are called, with the names passed to them", () => {
  const outline = read("", { module, run: null, authorVersion: 1 });
  assert.deepEqual(shape(outline.items), [
    "fork subject === null",
    "- then",
    "  return",
    "- else",
    "step mail: begun",
    "step mail: half way",
    "child child-flow",
    "start again",
    "event the end",
    "return",
    "fork !(await isDone(ctx))",
    "- then",
    "  anew",
    "  return",
    "- else",
  ]);
  assert.deepEqual(outline.gaps, ["elsewhere receives the context, and its code is unavailable"]);
  assert.equal(operationsOf(outline.items)[1]?.options, "{ retry: { attempts: 2 } }");
  assert.equal(fixedTotal(outline), null);
});

test("of several versions in a module, the one with the author's number is read", () => {
  const code = { name: "w", run: null, module };
  assert.deepEqual(operationsOf(readOutline({ ...code, authorVersion: 2 }, parse)?.items ?? [])[0]?.step, "newer");
  assert.equal(readOutline({ ...code, authorVersion: 1 }, parse)?.input, "z.object({ id: z.string() })");
  assert.equal(readOutline({ ...code, name: "unknown", authorVersion: 1 }, parse), null);
});

test("a recursive function is read once and reported as a gap", () => {
  const { gaps } = read("", {
    run: null,
    module: `const w = workflow({ name: "w" }, (ctx) => again(ctx, 3));
      async function again(ctx, n) { await ctx.step("turn", () => n); if (n > 0) await again(ctx, n - 1); }`,
  });
  assert.deepEqual(gaps, ["again calls itself"]);
});

test("code inside a step is not part of the run's code", () => {
  assert.deepEqual(lines('(ctx) => ctx.step("one", async () => { if (x) await ctx.step("never", () => 1); })'), [
    "step one",
  ]);
});

test("every example is read without gaps", () => {
  const folder = new URL("../../../examples/", import.meta.url);
  const names = {
    "customer-onboarding": ["customer-onboarding"],
    "data-pipeline": ["nightly-sales", "sales-backfill"],
    "disaster-recovery": ["outage-alerts", "disaster-recovery"],
    "employee-onboarding": ["employee-onboarding"],
    "insurance-claim": ["insurance-claim", "fraud-check"],
    "order-fulfilment": ["order-fulfilment"],
    "release-pipeline": ["release-pipeline", "rollout"],
  };
  const parseTs = (text: string): unknown => parse(text, "ts");
  for (const [example, flows] of Object.entries(names)) {
    const text = readFileSync(new URL(`${example}/workflow.ts`, folder), "utf8");
    for (const name of flows) {
      const outline = readOutline({ name, authorVersion: 1, run: null, module: text }, parseTs);
      assert.deepEqual([name, outline?.gaps], [name, []]);
      assert.ok(operationsOf(outline?.items ?? []).length > 0, name);
      if (name === "customer-onboarding") assert.equal(fixedTotal(outline as Outline), 5);
    }
  }
});
