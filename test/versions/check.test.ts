import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail } from "../../src/wire/run.ts";
import type { MovedRuns } from "../../src/wire/version.ts";
import { eventually, setup } from "../cli/baton.ts";
import { payText } from "./pay.ts";

interface Line {
  readonly run: string;
  readonly status: string;
  readonly outcome: string;
  readonly at?: number;
  readonly recorded?: readonly string[];
  readonly asked?: readonly string[];
}

test("baton check reports for each history whether the current code is compatible, next to a running server", async (t) => {
  const { baton, json, write, start } = setup(t);
  write("workflows/pay.ts", payText({ mark: "A" }));
  await start(["start"]);
  const run = async (id: string): Promise<RunDetail> => {
    const { value } = await json<RunDetail>(["run", "pay", "--input", JSON.stringify({ id, amount: 1 })]);
    return eventually("it waits", async () => {
      const { value: shown } = await json<RunDetail>(["show", value.id]);
      return shown.status === "waiting" ? shown : null;
    });
  };
  const [waiting, done] = [await run("w"), await run("d")];
  await baton(["events", "send", "go", "--data", '{"id":"d"}']);
  await eventually("it is done", async () =>
    (await json<RunDetail>(["show", done.id])).value.status === "completed" ? true : null,
  );

  const same = await baton(["check"]);
  assert.equal(same.code, 0, same.stdout);
  assert.match(same.stdout, new RegExp(`^compatible    ${waiting.id}  pay 1  waiting$`, "m"));
  assert.match(same.stdout, new RegExp(`^compatible    ${done.id}  pay 1  completed$`, "m"));
  assert.match(same.stdout, /^2 histories: 2 compatible, 0 incompatible$/m);

  write("workflows/pay.ts", payText({ mark: "A", hasReceipt: true }));
  assert.equal((await baton(["check"])).code, 0);
  assert.equal((await baton(["check", "--last", "0"])).stdout.trim().split("\n").length, 2);

  write("workflows/pay.ts", payText({ mark: "B", hasCheck: true }));
  const other = await baton(["check", "pay"]);
  assert.equal(other.code, 1);
  assert.match(
    other.stdout,
    new RegExp(`^incompatible  ${waiting.id}  pay 1  waiting  at 2: Step 2 was "charge"`, "m"),
  );
  assert.match(other.stdout, /^ {6}RECORDED {2}CODE\n {5}1 reserve {3}reserve\n {2}> {2}2 charge {4}fraud check\n/m);
  const { code, value } = await json<Line[]>(["check"]);
  assert.equal(code, 1);
  assert.deepEqual(
    value.map(({ run: id, status, outcome, at }) => [id, status, outcome, at]),
    [
      [waiting.id, "waiting", "diverges", 2],
      [done.id, "completed", "diverges", 2],
    ],
  );
  assert.deepEqual(value[1]?.recorded, ["reserve", "charge", "go", "ship"]);
  assert.deepEqual(value[1]?.asked, ["reserve", "fraud check"]);
  assert.equal((await json<RunDetail>(["show", waiting.id])).value.status, "waiting", "nothing was moved or run");
});

test("moves compatible runs to the new version; the others stay, with both lists", async (t) => {
  const { baton, json, write, start } = setup(t);
  write("workflows/pay.ts", payText({ mark: "A" }));
  await start(["start"]);
  const { value: run } = await json<RunDetail>(["run", "pay", "--input", '{"id":"m","amount":1}']);
  await eventually("it waits", async () =>
    (await json<RunDetail>(["show", run.id])).value.status === "waiting" ? true : null,
  );
  write("workflows/pay.ts", payText({ mark: "B", hasCheck: true }));
  await baton(["deploy"]);
  const stays = await json<MovedRuns>(["versions", "pay", "--move", "1"]);
  assert.deepEqual([stays.value.movedCount, stays.value.leftCount], [0, 1]);
  assert.deepEqual(stays.value.left[0]?.recorded, ["reserve", "charge", "go"]);
  const human = await baton(["versions", "pay", "--move", "1"]);
  assert.match(human.stdout, /^moved 0 from version 1 to 2, 1 stay\nstays {2}run_\S+ {2}Step 2 was "charge"/m);

  write("workflows/pay.ts", payText({ mark: "C", hasReceipt: true }));
  await baton(["deploy"]);
  const dry = await json<MovedRuns>(["versions", "pay", "--move", "1", "--dry-run"]);
  assert.deepEqual([dry.value.to, dry.value.moved], [3, [run.id]]);
  assert.equal((await json<RunDetail>(["show", run.id])).value.version, 1);
  assert.match(
    (await baton(["versions", "pay", "--move", "1", "--reason", "a receipt"])).stdout,
    /^moved 1 from version 1 to 3/,
  );
  assert.equal((await json<RunDetail>(["show", run.id])).value.version, 3);
  await baton(["events", "send", "go", "--data", '{"id":"m"}']);
  const done = await eventually("it is done", async () => {
    const { value } = await json<RunDetail>(["show", run.id]);
    return value.status === "completed" ? value : null;
  });
  assert.deepEqual([done.output, done.steps.at(-1)?.name], ["C", "receipt"]);
});

test("resumes a dead letter on a version that fixes it, and refuses a version that diverges", async (t) => {
  const { baton, json, write } = setup(t);
  write("workflows/pay.ts", payText({ mark: "A", fails: true }));
  await baton(["run", "pay", "--input", '{"id":"d","amount":1}', "--wait", "--timeout", "200ms"]);
  await baton(["events", "send", "go", "--data", '{"id":"d"}']);
  await baton(["run", "hello", "--input", '{"name":"x"}', "--wait"]);
  const failed = await eventually("it fails", async () => {
    const { value } = await json<RunDetail[]>(["runs", "--name", "pay"]);
    if (value[0]?.status !== "failed") await baton(["run", "hello", "--input", '{"name":"x"}', "--wait"]);
    return value[0]?.status === "failed" ? value[0] : null;
  });
  write("workflows/pay.ts", payText({ mark: "B", hasCheck: true }));
  await baton(["deploy"]);
  write("workflows/pay.ts", payText({ mark: "C" }));
  await baton(["deploy"]);
  const refused = await baton(["resume", failed.id, "--on", "2"]);
  assert.equal(refused.code, 7);
  assert.match(
    refused.stderr,
    /cannot continue on version 2: Step 2 was "charge"; the code now asks for "fraud check"/,
  );
  const resumed = await baton(["resume", failed.id, "--on", "3", "--json"]);
  assert.equal(resumed.code, 0, resumed.stderr);
  const run = JSON.parse(resumed.stdout) as RunDetail;
  assert.deepEqual([run.version, run.status, run.output], [3, "completed", "C"]);
});

test("invalid versions and moves are refused with a hint", async (t) => {
  const { baton } = setup(t);
  await baton(["deploy"]);
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["versions", "nope"], 3, /no versions of "nope" found/],
    [["versions", "hello", "--use", "7"], 3, /hello has no version 7\nhint: known versions: 1/],
    [["versions", "hello", "--use", "x"], 2, /--use must be a version number/],
    [["versions", "hello", "--move", "1"], 7, /the runs of hello version 1 are already on this version/],
    [["versions", "--drain", "1"], 2, /give the name of the workflow/],
    [["versions", "hello", "--drain", "1", "--use", "1"], 2, /use only one of/],
    [["check", "nope"], 3, /the folder has no definition named "nope"/],
    [["check", "--last", "few"], 2, /--last must be a number/],
  ];
  for (const [args, code, expected] of cases) {
    const ended = await baton(args);
    assert.deepEqual([ended.code, expected.test(ended.stderr)], [code, true], `${args.join(" ")}: ${ended.stderr}`);
  }
});
