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
  /** What the message must name. */
  readonly says?: RegExp;
  readonly place?: string;
}

const start = (input: string): string => `{"name":"hello","input":${input}}`;

const cases: readonly Case[] = [
  { what: "malformed JSON", body: '{"name":"hello",}', status: 400, code: "malformed-json", says: /line 1, column 17/ },
  {
    what: "a text that unexpected end of input",
    body: '{"name":"hel',
    status: 400,
    code: "malformed-json",
    says: /column 13/,
  },
  { what: "no body at all", body: "", status: 400, code: "malformed-json", says: /unexpected end of input/ },
  { what: "a value that is no object", body: "[1]", status: 422, code: "invalid-request", says: /must be an object/ },
  { what: "an unknown workflow", body: '{"name":"nope"}', status: 404, code: "unknown-definition", says: /"nope"/ },
  { what: "a wrong input", body: start('{"name":7}'), status: 422, code: "invalid-input", place: "input.name" },
  {
    what: "an unknown field",
    body: '{"name":"hello","imput":{}}',
    status: 422,
    code: "invalid-request",
    place: "imput",
  },
  { what: "a missing name", body: "{}", status: 422, code: "invalid-request", place: "name" },
  { what: "a name of the wrong type", body: '{"name":7}', status: 422, code: "invalid-request", place: "name" },
  {
    what: "a delay beyond all dates",
    body: '{"name":"hello","input":{"name":"Ada"},"after":9007199254740991}',
    status: 422,
    code: "invalid-option",
    says: /thousand years/,
  },
  {
    what: "a lone surrogate",
    body: start('{"name":"\\ud800"}'),
    status: 422,
    code: "unencodable",
    says: /input\.name .*surrogate/,
  },
  {
    what: "a lone surrogate in a key",
    body: '{"name":"hello","key":"\\ud800"}',
    status: 422,
    code: "invalid-request",
    place: "key",
  },
  {
    what: "a key named __proto__",
    body: start('{"a":{"__proto__":{"x":1}}}'),
    status: 422,
    code: "unencodable",
    place: "input.a.__proto__",
  },
  {
    what: "an escaped __proto__",
    body: start('{"\\u005f_proto__":1}'),
    status: 422,
    code: "unencodable",
    place: "input.__proto__",
  },
  {
    what: "2^53+1",
    body: start('{"n":[0,9007199254740993]}'),
    status: 422,
    code: "unsafe-integer",
    place: "input.n[1]",
  },
  {
    what: "a number that overflows",
    body: '{"name":"nap","input":{"n":1e999}}',
    status: 422,
    code: "unencodable",
    says: /input\.n is Infinity/,
  },
  { what: "deep nesting", body: start("[".repeat(100_000)), status: 413, code: "limit", says: /deeper than 64/ },
  {
    what: "too many keys",
    body: start(`{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":1`).join(",")}}`),
    status: 413,
    code: "limit",
    says: /10000 keys/,
  },
  {
    what: "a payload over its limit",
    body: start(`{"name":"${"x".repeat(1024 * 1024)}"}`),
    status: 413,
    code: "limit",
    says: /input has/,
  },
  {
    what: "a body over its limit",
    body: "x".repeat(17 * 1024 * 1024),
    status: 413,
    code: "limit",
    says: /the body has 17825792 bytes/,
  },
  {
    what: "a moment that is none",
    body: '{"name":"nap","at":"tomorrow"}',
    status: 422,
    code: "invalid-request",
    place: "at",
  },
  {
    what: "a length that is none",
    body: '{"name":"nap","after":"soon"}',
    status: 422,
    code: "invalid-request",
    place: "after",
  },
  {
    what: "both moment and length",
    body: '{"name":"nap","at":"2030-01-01T00:00:00Z","after":"1s"}',
    status: 422,
    code: "invalid-option",
  },
  {
    what: "a priority out of bounds",
    body: '{"name":"nap","priority":601}',
    status: 422,
    code: "invalid-request",
    place: "priority",
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
    says: /run_nope/,
  },
  { what: "an unknown verb", path: "/api/runs/latest/explode", body: "{}", status: 404, code: "unknown-route" },
  {
    what: "a field that the verb does not take",
    path: "/api/runs/latest/cancel",
    body: '{"output":1}',
    status: 422,
    code: "invalid-request",
    place: "output",
  },
  {
    what: "an event without a name",
    path: "/api/events",
    body: '{"data":1}',
    status: 422,
    code: "invalid-request",
    place: "name",
  },
  {
    what: "an event over its limit",
    path: "/api/events",
    body: `{"name":"e","data":"${"x".repeat(1024 * 1024)}"}`,
    status: 413,
    code: "limit",
  },
];

test("whatever is wrong with a body is refused with what, where and why, and starts nothing", async (t) => {
  const api = await setup(t);
  for (const { what, path = "/api/runs", body, headers, status, code, says, place } of cases) {
    await t.test(what, async () => {
      const answer = await api.post<Problem>(path, body, headers);
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
      if (says !== undefined) assert.match(answer.body.detail, says);
      if (place !== undefined)
        assert.ok(
          answer.body.errors?.some((each) => each.path === place),
          JSON.stringify(answer.body),
        );
      assert.equal(answer.body.instance, path);
    });
  }
  const { body } = await api.get<{ items: unknown[] }>("/api/runs");
  assert.deepEqual(body.items, []);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test("a body without its length is cut off at the same limit", async (t) => {
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

test("queries are checked as bodies are", async (t) => {
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
  for (const [path, status, place] of wrong) {
    const answer = await api.get<Problem>(path);
    assert.deepEqual([answer.status, answer.body.errors?.[0]?.path], [status, place], path);
  }
  assert.equal((await api.get(`/api/runs/${"x".repeat(300)}`)).status, 404);
  assert.equal((await api.get("/api/runs/%2e%2e%2fetc")).status, 404);
});
