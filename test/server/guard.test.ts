import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import type { Problem } from "../../src/wire/problem.ts";
import { setup } from "./setup.ts";

interface Raw {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Problem;
}

/** A request with headers that `fetch` would not send. */
function raw(port: number, options: { method?: string; path?: string; headers: Record<string, string> }): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: "127.0.0.1",
        port,
        method: options.method ?? "GET",
        path: options.path ?? "/api/runs",
        headers: options.headers,
      },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as Problem }),
        );
      },
    );
    request.on("error", reject);
    if (options.method === "POST") request.write('{"name":"nap"}');
    request.end();
  });
}

const json = { "content-type": "application/json" };

test("answers only under this server's own host names", async (t) => {
  const { server } = await setup(t);
  const { port } = server;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
    assert.equal((await raw(port, { headers: { host } })).status, 200, host);
  }
  const foreign = [
    "evil.com",
    `evil.com:${port}`,
    `127.0.0.1.nip.io:${port}`,
    "localhost",
    "localhost:1",
    `localhost.:${port}`,
  ];
  for (const host of foreign) {
    const answer = await raw(port, { headers: { host } });
    assert.deepEqual([answer.status, answer.body.code], [403, "host-refused"], host);
    assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'/);
  }
});

test("refuses a request without a host", async (t) => {
  const { server } = await setup(t);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write("GET /api/runs HTTP/1.0\r\n\r\n"));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
  assert.match(answer, /^HTTP\/1\.[01] 403 /);
});

test("a page of another origin cannot change anything", async (t) => {
  const { server } = await setup(t);
  const { port } = server;
  const host = `127.0.0.1:${port}`;
  const post = (headers: Record<string, string>): Promise<Raw> =>
    raw(port, { method: "POST", headers: { host, ...json, ...headers } });
  for (const origin of ["http://evil.com", "null", `http://localhost:${port + 1}`, `https://127.0.0.1:${port}`]) {
    const answer = await post({ origin });
    assert.deepEqual([answer.status, answer.body.code], [403, "origin-refused"], origin);
  }
  for (const site of ["cross-site", "same-site"]) {
    assert.equal((await post({ "sec-fetch-site": site })).status, 403, site);
  }
  assert.equal((await post({ origin: `http://${host}`, "sec-fetch-site": "same-origin" })).status, 201);
  assert.equal((await post({})).status, 201);
});

test("no response allows another origin to read it", async (t) => {
  const { server } = await setup(t);
  const headers = {
    host: `127.0.0.1:${server.port}`,
    origin: "http://evil.com",
    "access-control-request-method": "POST",
  };
  const preflight = await raw(server.port, { method: "OPTIONS", headers });
  assert.equal(preflight.status, 405);
  assert.equal(preflight.headers["access-control-allow-origin"], undefined);
});

test("a read-only server refuses every method that could change something", async (t) => {
  const api = await setup(t, { readOnly: true });
  const { status, headers, body } = await api.post<Problem>("/api/runs", { name: "hello" });
  assert.deepEqual([status, body.code, headers.get("allow")], [405, "read-only", "GET, HEAD"]);
  assert.equal((await api.get("/api/runs")).status, 200);
});

test("distinguishes a wrong method from a wrong path", async (t) => {
  const api = await setup(t);
  const wrong = await fetch(`${api.url}/api/runs`, { method: "DELETE" });
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "POST, GET, HEAD"]);
  const verb = await api.get<Problem>("/api/runs/latest/resume");
  assert.deepEqual([verb.status, verb.headers.get("allow")], [405, "POST"]);
  assert.deepEqual((await api.get<Problem>("/api/nothing")).body.code, "unknown-route");
  const head = await fetch(`${api.url}/api/runs`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});
