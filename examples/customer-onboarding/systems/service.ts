/**
 * Common code of the five systems: each is a separate process with an HTTP server on loopback that reads and writes
 * JSON.
 *
 * A system prints one line `{"ready":true,...}` when it accepts requests. It exits on SIGTERM or, with `--attached`,
 * when its parent's pipe closes, so that no system outlives the program that started it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import type { ZodType } from "zod";
import { type Ledger, type OperationRequest, type OperationResult, openLedger } from "./ledger.ts";
import { Refusal } from "./refusal.ts";

/** A parsed request. `signal` aborts when the client disconnects. */
export interface RouteCall {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

export interface RouteAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One path of a system, in URLPattern form (`/deals/:id`). */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handle: (call: RouteCall) => RouteAnswer | Promise<RouteAnswer>;
}

/** Command-line flags of a system. */
export interface ServiceFlags {
  readonly port: number;
  readonly dataDir: string;
  /** The second port of the mail system. */
  readonly smtpPort: number;
  readonly isAttached: boolean;
}

/**
 * A system's own tables and routes, and what else it opens (mail: the SMTP port); its address goes into the ready line.
 */
export interface Service {
  readonly tables: string;
  readonly routes: (ledger: Ledger) => readonly Route[];
  readonly open?: (ledger: Ledger, flags: ServiceFlags) => Promise<{ urls: Record<string, string>; close(): void }>;
}

/** More than any request needs, and small enough that a mistake cannot use up memory. */
const BODY_BYTES_MAX = 64 * 1024;

/** Runs the system until it is asked to stop. */
export async function runService(service: Service): Promise<void> {
  const flags = readFlags();
  const ledger = openLedger(flags.dataDir, service.tables);
  const server = createServer(serve([...service.routes(ledger), ...logRoutes(ledger)]));
  const url = await listen(server, flags.port);
  const extra = await service.open?.(ledger, flags);
  exitOnRequest(flags, () => {
    extra?.close();
    server.close();
    server.closeAllConnections();
    ledger.close();
  });
  process.stdout.write(`${JSON.stringify({ ready: true, url, ...extra?.urls })}\n`);
}

/** Parses the body with the schema, or refuses it with 400 and the reason. */
export function parseBody<Body>(schema: ZodType<Body>, call: RouteCall): Body {
  const parsed = schema.safeParse(call.body);
  if (!parsed.success) throw new Refusal(400, `invalid body: ${parsed.error.message}`);
  return parsed.data;
}

/** Performs the operation once per idempotency key. Returns 201 the first time and 200 for a repeat. */
export function performOnce<Result>(
  ledger: Ledger,
  call: RouteCall,
  { operation, request }: Omit<OperationRequest, "key">,
  perform: (db: Ledger["db"]) => OperationResult<Result>,
): RouteAnswer {
  if (call.idempotencyKey === undefined) throw new Refusal(400, "the Idempotency-Key header is missing");
  const { answer, isRepeat } = ledger.once({ key: call.idempotencyKey, operation, request }, perform);
  return { status: isRepeat ? 200 : 201, body: answer };
}

/** Returns a query parameter, or refuses the request with 400 if it is missing. */
export function requireQuery(call: RouteCall, name: string): string {
  const value = call.query.get(name);
  if (value === null || value === "") throw new Refusal(400, `the query parameter "${name}" is missing`);
  return value;
}

const logRoutes = (ledger: Ledger): Route[] => [
  { method: "GET", path: "/operations", handle: () => ({ status: 200, body: ledger.operations() }) },
  { method: "GET", path: "/repeats", handle: () => ({ status: 200, body: ledger.repeats() }) },
];

function serve(routes: readonly Route[]): (request: IncomingMessage, response: ServerResponse) => void {
  const table = routes.map((route) => ({ ...route, pattern: new URLPattern({ pathname: route.path }) }));
  return (request, response) => {
    void handle(table, request, response)
      .catch(errorAnswer)
      .then((answer) => send(response, answer));
  };
}

async function handle(
  table: readonly (Route & { pattern: URLPattern })[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<RouteAnswer> {
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
  throw new Refusal(404, `not found: ${request.method} ${url.pathname}`);
}

function errorAnswer(error: unknown): RouteAnswer {
  if (!(error instanceof Refusal)) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return { status: 500, body: { status: 500, detail: "internal error: see the output of this system" } };
  }
  const retryAfter = error.retryAfterSeconds;
  return {
    status: error.status,
    body: { status: error.status, detail: error.message },
    ...(retryAfter === undefined ? {} : { headers: { "retry-after": String(retryAfter) } }),
  };
}

function send(response: ServerResponse, { status, body, headers }: RouteAnswer): void {
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
  if (values.data === undefined) throw new Error("--data <folder> is missing: it holds the state of the system");
  return {
    port: Number(values.port),
    dataDir: values.data,
    smtpPort: Number(values["smtp-port"]),
    isAttached: values.attached,
  };
}

function exitOnRequest(flags: ServiceFlags, close: () => void): void {
  const end = (): void => {
    close();
    process.exit(0);
  };
  process.once("SIGTERM", end);
  // Ctrl-C reaches the whole process group. An attached system ignores it, so that its parent can finish running work
  // first.
  process.on("SIGINT", () => (flags.isAttached ? undefined : end()));
  if (flags.isAttached) process.stdin.once("close", end).resume();
}
