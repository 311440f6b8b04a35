import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../../src/wire/problem.ts";
import { setup } from "./setup.ts";

interface Case {
  readonly what: string;
  readonly path?: string;
  readonly body: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
  /** What the message must contain. */
  readonly message?: RegExp;
  readonly field?: string;
}

const start = (input: string): string => `{"name":"hello","input":${input}}`;

const cases: readonly Case[] = [
  {
    what: "malformed JSON",
    body: '{"name":"hello",}',
    status: 400,
    code: "malformed-json",
    message: /line 1, column 17/,
  },
  {
    what: "text that ends unexpectedly",
    body: '{"name":"hel',
    status: 400,
    code: "malformed-json",
    message: /column 13/,
  },
  { what: "no body at all", body: "", status: 400, code: "malformed-json", message: /unexpected end of input/ },
  {
    what: "a value that is not an object",
    body: "[1]",
    status: 422,
    code: "invalid-request",
    message: /must be an object/,
  },
  { what: "an unknown workflow", body: '{"name":"nope"}', status: 404, code: "unknown-definition", message: /"nope"/ },
  { what: "a wrong input", body: start('{"name":7}'), status: 422, code: "invalid-input", field: "input.name" },
  {
    what: "an unknown field",
    body: '{"name":"hello","imput":{}}',
    status: 422,
    code: "invalid-request",
    field: "imput",
  },
  { what: "a missing name", body: "{}", status: 422, code: "invalid-request", field: "name" },
  { what: "a name of the wrong type", body: '{"name":7}', status: 422, code: "invalid-request", field: "name" },
  {
    what: "a delay beyond the date range",
    body: '{"name":"hello","input":{"name":"Ada"},"after":9007199254740991}',
    status: 422,
    code: "invalid-option",
    message: /thousand years/,
  },
  {
    what: "a lone surrogate",
    body: start('{"name":"\\ud800"}'),
    status: 422,
    code: "unencodable",
    message: /input\.name .*surrogate/,
  },
  {
    what: "a lone surrogate in a key",
    body: '{"name":"hello","key":"\\ud800"}',
    status: 422,
    code: "invalid-request",
    field: "key",
  },
  {
    what: "a key named __proto__",
    body: start('{"a":{"__proto__":{"x":1}}}'),
    status: 422,
    code: "unencodable",
    field: "input.a.__proto__",
  },
  {
    what: "an escaped __proto__",
    body: start('{"\\u005f_proto__":1}'),
    status: 422,
    code: "unencodable",
    field: "input.__proto__",
  },
  {
    what: "2^53+1",
    body: start('{"n":[0,9007199254740993]}'),
    status: 422,
    code: "unsafe-integer",
    field: "input.n[1]",
  },
  {
    what: "a number that overflows",
    body: '{"name":"nap","input":{"n":1e999}}',
    status: 422,
    code: "unencodable",
    message: /input\.n is Infinity/,
  },
  { what: "deep nesting", body: start("[".repeat(100_000)), status: 413, code: "limit", message: /deeper than 64/ },
  {
    what: "too many keys",
    body: start(`{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":1`).join(",")}}`),
    status: 413,
    code: "limit",
    message: /10000 keys/,
  },
  {
    what: "a payload over its limit",
    body: start(`{"name":"${"x".repeat(1024 * 1024)}"}`),
    status: 413,
    code: "limit",
    message: /input has/,
  },
  {
    what: "a body over its limit",
    body: "x".repeat(17 * 1024 * 1024),
    status: 413,
    code: "limit",
    message: /the body has 17825792 bytes/,
  },
  {
    what: "an invalid timestamp",
    body: '{"name":"nap","at":"tomorrow"}',
    status: 422,
    code: "invalid-request",
    field: "at",
  },
  {
    what: "an invalid duration",
    body: '{"name":"nap","after":"soon"}',
    status: 422,
    code: "invalid-request",
    field: "after",
  },
  {
    what: "both timestamp and duration",
    body: '{"name":"nap","at":"2030-01-01T00:00:00Z","after":"1s"}',
    status: 422,
    code: "invalid-option",
  },
  {
    what: "a priority out of bounds",
    body: '{"name":"nap","priority":601}',
    status: 422,
    code: "invalid-request",
    field: "priority",
  },
  { what: "a body that is not UTF-8", body: "\u0000latin1", status: 400, code: "malformed-json" },
  {
    what: "text/plain",
    body: start('{"name":"Ada"}'),
    headers: { "content-type": "text/plain" },
    status: 415,
    code: "unsupported-media-type",
  },
  {
    what: "a form",
    body: "name=hello",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    status: 415,
    code: "unsupported-media-type",
  },
  {
    what: "another charset",
    body: "{}",
    headers: { "content-type": "application/json; charset=latin1" },
    status: 415,
    code: "unsupported-media-type",
  },
  {
    what: "a compressed body",
    body: "{}",
    headers: { "content-encoding": "gzip" },
    status: 415,
    code: "unsupported-media-type",
  },
  {
    what: "an unknown run",
    path: "/api/runs/run_nope/resume",
    body: "{}",
    status: 404,
    code: "not-found",
    message: /run_nope/,
  },
  { what: "an unknown action", path: "/api/runs/latest/explode", body: "{}", status: 404, code: "unknown-route" },
  {
    what: "a field that the action does not take",
    path: "/api/runs/latest/cancel",
    body: '{"output":1}',
    status: 422,
    code: "invalid-request",
    field: "output",
  },
  {
    what: "an event without a name",
    path: "/api/events",
    body: '{"data":1}',
    status: 422,
    code: "invalid-request",
    field: "name",
  },
  {
    what: "an event over its limit",
    path: "/api/events",
    body: `{"name":"e","data":"${"x".repeat(1024 * 1024)}"}`,
    status: 413,
    code: "limit",
  },
];

test("refuses an invalid body with code, field and reason, and starts nothing", async (t) => {
  const api = await setup(t);
  for (const { what, path = "/api/runs", body, headers, status, code, message, field } of cases) {
    await t.test(what, async () => {
      const answer = await api.post<Problem>(path, body, headers);
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
      if (message !== undefined) assert.match(answer.body.detail, message);
      if (field !== undefined)
        assert.ok(
          answer.body.errors?.some((each) => each.path === field),
          JSON.stringify(answer.body),
        );
      assert.equal(answer.body.instance, path);
    });
  }
  const { body } = await api.get<{ items: unknown[] }>("/api/runs");
  assert.deepEqual(body.items, []);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test("refuses a body without a content length at the same limit", async (t) => {
  const api = await setup(t);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 64 * 1024;
      if (sent > 20 * 1024 * 1024) controller.close();
      else controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
    },
  });
  const response = await fetch(`${api.url}/api/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: endless,
    duplex: "half",
  });
  assert.equal(response.status, 413);
});

test("checks query parameters like bodies", async (t) => {
  const api = await setup(t);
  const wrong: readonly (readonly [string, number, string])[] = [
    ["/api/runs?stauts=failed", 422, "stauts"],
    ["/api/runs?status=retrying", 422, "status"],
    ["/api/runs?limit=201", 422, "limit"],
    ["/api/runs?limit=0", 422, "limit"],
    ["/api/runs?limit=many", 422, "limit"],
    ["/api/runs?pageToken=abc", 400, "pageToken"],
    [`/api/runs?q=${"x".repeat(201)}`, 422, "q"],
    ["/api/runs/latest?full=1", 422, "full"],
    ["/api/stream?topics=inbox", 422, "topics"],
  ];
  for (const [path, status, field] of wrong) {
    const answer = await api.get<Problem>(path);
    assert.deepEqual([answer.status, answer.body.errors?.[0]?.path], [status, field], path);
  }
  assert.equal((await api.get(`/api/runs/${"x".repeat(300)}`)).status, 404);
  assert.equal((await api.get("/api/runs/%2e%2e%2fetc")).status, 404);
});
