import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { GuideSource } from "../../src/app/guide.ts";
import { type EffectiveConfig, loadConfig } from "../../src/app/load-config.ts";
import { type RunningServer, startServer } from "../../src/app/server.ts";
import type { Route } from "../../src/server/route.ts";
import { routes } from "../../src/server/routes/table.ts";
import { check } from "../../src/server/schema/check.ts";
import { components } from "../../src/server/schema/components.ts";
import { ref } from "../../src/server/schema/schema.ts";
import type { RunDetail } from "../../src/wire/run.ts";

/** A response with its body read as JSON. */
export interface JsonResponse<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface Api {
  readonly server: RunningServer;
  readonly url: string;
  get<T = unknown>(path: string, headers?: Record<string, string>): Promise<JsonResponse<T>>;
  post<T = unknown>(path: string, body: unknown, headers?: Record<string, string>): Promise<JsonResponse<T>>;
  /** Starts a run and waits until it matches. */
  run(name: string, input: unknown, matches?: (run: RunDetail) => boolean): Promise<RunDetail>;
  until(id: string, matches: (run: RunDetail) => boolean): Promise<RunDetail>;
}

interface Settings {
  readonly readOnly?: boolean;
  readonly store?: string;
  readonly guide?: GuideSource;
  /** Default: those of `workflows/`. */
  readonly workflows?: string;
}

/** Far more than any test here takes; a test that reaches it is hanging. */
const limitMs = 15_000;

/** A real server on its own store. Every response is checked against the API's own document. */
export async function setup(test: TestContext, settings: Settings = {}): Promise<Api> {
  const folder = settings.store ?? mkdtempSync(join(tmpdir(), "baton-server-"));
  const loaded = await loadConfig(
    {
      store: join(folder, "baton.db"),
      folder: settings.workflows ?? join(import.meta.dirname, "workflows"),
      port: "0",
      withoutFile: true,
    },
    settings.readOnly ? { BATON_READ_ONLY: "1" } : {},
  );
  const { guide } = settings;
  const config = guide === undefined ? loaded : { ...loaded, given: { ...loaded.given, guide } };
  const server = await startServer({ config });
  test.after(async () => {
    await server.close();
    if (settings.store === undefined) rmSync(folder, { recursive: true, force: true });
  });
  const api = createApi(server);
  return { ...api, server, url: server.url };
}

export type { EffectiveConfig };

function createApi(server: RunningServer): Omit<Api, "server" | "url"> {
  const send = async <T>(method: "GET" | "POST", path: string, init: RequestInit): Promise<JsonResponse<T>> => {
    const response = await fetch(`${server.url}${path}`, { ...init, method });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    const body = (isJson ? JSON.parse(text) : text) as T;
    checkResponse(method, path, response, body);
    return { status: response.status, headers: response.headers, body };
  };
  const get: Api["get"] = (path, headers = {}) => send("GET", path, { headers });
  const post: Api["post"] = (path, body, headers = {}) =>
    send("POST", path, {
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const until: Api["until"] = async (id, matches) => {
    const endsAt = performance.now() + limitMs;
    for (;;) {
      const { body } = await get<RunDetail>(`/api/runs/${id}`);
      if (matches(body)) return body;
      assert.ok(performance.now() < endsAt, `run ${id} is still ${body.status}: ${body.reasonText}`);
      await delay(10);
    }
  };
  return {
    get,
    post,
    until,
    run: async (name, input, matches = (run) => run.endedAt !== null) => {
      const { status, body } = await post<RunDetail>("/api/runs", { name, input });
      assert.equal(status, 201, JSON.stringify(body));
      return until(body.id, matches);
    },
  };
}

/** Checks that the response matches the document, and that every error is a problem. */
function checkResponse(method: string, path: string, response: Response, body: unknown): void {
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  if (!response.ok) {
    assert.equal(response.headers.get("content-type"), "application/problem+json", JSON.stringify(body));
    assert.deepEqual(check(ref("Problem"), body, "", components), []);
    assert.equal((body as { status: number }).status, response.status);
    return;
  }
  const route = routes.find((each) => each.method === method && matcher(each).test(path.split("?")[0] ?? ""));
  if (route === undefined) return;
  const answer = route.answers[response.status];
  assert.ok(answer !== undefined, `${method} ${path} returned ${response.status}, which its route does not declare`);
  if (answer.schema !== undefined)
    assert.deepEqual(check(answer.schema, body, "", components), [], `${method} ${path}: ${JSON.stringify(body)}`);
}

function matcher(route: Route): RegExp {
  return new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}

/** Polls until `find` returns a value; never sleeps for a guessed time. */
export async function eventually<T>(what: string, find: () => Promise<T | null> | T | null): Promise<T> {
  const endsAt = performance.now() + limitMs;
  for (;;) {
    const found = await find();
    if (found !== null) return found;
    assert.ok(performance.now() < endsAt, `${what}: not within ${limitMs} ms`);
    await delay(10);
  }
}
