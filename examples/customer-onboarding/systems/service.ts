/**
 * What the five systems have in common: an HTTP server on loopback, JSON in and out, and a life of its own as a process.
 *
 * A system prints one line `{"ready":true,...}` when it serves, and ends on SIGTERM or, with `--attached`, when its
 * parent's pipe closes, so that no system outlives the program that started it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import type { ZodType } from "zod";
import { type ActRequest, type Ledger, type Made, openLedger } from "./ledger.ts";
import { Refusal } from "./refusal.ts";

/** One request, parsed. `signal` aborts when the client goes away. */
export interface Call {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

/** What a route answers. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One path of a system, in URLPattern form (`/deals/:id`). */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** What a system is told when it is started. */
export interface ServiceFlags {
  readonly port: number;
  readonly dataDir: string;
  /** The second port of the mail system. */
  readonly smtpPort: number;
  readonly isAttached: boolean;
}

/** A system's own tables and routes, and what else it opens (mail: the SMTP port), with its address for the ready line. */
export interface Service {
  readonly tables: string;
  readonly routes: (ledger: Ledger) => readonly Route[];
  readonly open?: (ledger: Ledger, flags: ServiceFlags) => Promise<{ urls: Record<string, string>; close(): void }>;
}

/** Larger than any request these systems know, small enough that a mistake cannot fill the memory. */
const BODY_BYTES_MAX = 64 * 1024;

/** Runs the system until it is told to end. */
export async function runService(service: Service): Promise<void> {
  const flags = readFlags();
  const ledger = openLedger(flags.dataDir, service.tables);
  const server = createServer(serve([...service.routes(ledger), ...logRoutes(ledger)]));
  const url = await listen(server, flags.port);
  const extra = await service.open?.(ledger, flags);
  endWhenTold(flags, () => {
    extra?.close();
    server.close();
    server.closeAllConnections();
    ledger.close();
  });
  process.stdout.write(`${JSON.stringify({ ready: true, url, ...extra?.urls })}\n`);
}

/** The body as the schema wants it; 400 with the reason otherwise. */
export function parseBody<Body>(schema: ZodType<Body>, call: Call): Body {
  const parsed = schema.safeParse(call.body);
  if (!parsed.success) throw new Refusal(400, `the body is not as expected: ${parsed.error.message}`);
  return parsed.data;
}

/** Acts once for the call's idempotency key: 201 for the act itself, 200 for a repeat. */
export function actOnce<Result>(
  ledger: Ledger,
  call: Call,
  { act, request }: Omit<ActRequest, "key">,
  perform: (db: Ledger["db"]) => Made<Result>,
): Answer {
  if (call.idempotencyKey === undefined) throw new Refusal(400, "this request needs an Idempotency-Key header");
  const { answer, isRepeat } = ledger.once({ key: call.idempotencyKey, act, request }, perform);
  return { status: isRepeat ? 200 : 201, body: answer };
}

/** A query parameter that the route cannot do without. */
export function requireQuery(call: Call, name: string): string {
  const value = call.query.get(name);
  if (value === null || value === "") throw new Refusal(400, `the query parameter "${name}" is missing`);
  return value;
}

const logRoutes = (ledger: Ledger): Route[] => [
  { method: "GET", path: "/acts", handle: () => ({ status: 200, body: ledger.acts() }) },
  { method: "GET", path: "/repeats", handle: () => ({ status: 200, body: ledger.repeats() }) },
];

function serve(routes: readonly Route[]): (request: IncomingMessage, response: ServerResponse) => void {
  const table = routes.map((route) => ({ ...route, pattern: new URLPattern({ pathname: route.path }) }));
  return (request, response) => {
    void answerOf(table, request, response)
      .catch(answerOfError)
      .then((answer) => send(response, answer));
  };
}

async function answerOf(
  table: readonly (Route & { pattern: URLPattern })[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://localhost");
  for (const route of table) {
    const match = route.method === request.method ? route.pattern.exec(url) : null;
    if (match === null) continue;
    return route.handle({
      params: match.pathname.groups,
      query: url.searchParams,
      body: request.method === "POST" ? await readJson(request) : undefined,
      idempotencyKey: request.headers["idempotency-key"]?.toString(),
      signal: abortOnClose(response),
    });
  }
  throw new Refusal(404, `nothing at ${request.method} ${url.pathname}`);
}

function answerOfError(error: unknown): Answer {
  if (!(error instanceof Refusal)) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return { status: 500, body: { status: 500, detail: "the system failed; its own output says why" } };
  }
  const retryAfter = error.retryAfterSeconds;
  return {
    status: error.status,
    body: { status: error.status, detail: error.message },
    ...(retryAfter === undefined ? {} : { headers: { "retry-after": String(retryAfter) } }),
  };
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > BODY_BYTES_MAX) throw new Refusal(413, `the body is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}

function abortOnClose(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function readFlags(): ServiceFlags {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      "smtp-port": { type: "string", default: "0" },
      data: { type: "string" },
      attached: { type: "boolean", default: false },
    },
  });
  if (values.data === undefined) throw new Error("say where the system keeps its state: --data <folder>");
  return {
    port: Number(values.port),
    dataDir: values.data,
    smtpPort: Number(values["smtp-port"]),
    isAttached: values.attached,
  };
}

function endWhenTold(flags: ServiceFlags, close: () => void): void {
  const end = (): void => {
    close();
    process.exit(0);
  };
  process.once("SIGTERM", end);
  // A Ctrl-C reaches the whole process group. An attached system leaves it to its parent, so that work under way ends first.
  process.on("SIGINT", () => (flags.isAttached ? undefined : end()));
  if (flags.isAttached) process.stdin.once("close", end).resume();
}
