/**
 * Runs a system: an HTTP service on loopback with its state in its own file. Each operation is logged with its
 * idempotency key, in the same transaction. A repeated key gets the first answer, and nothing is done twice.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type output, z } from "zod";
import {
  type Ledger,
  type LoggedOperation,
  type OperationResult,
  openLedger,
} from "../customer-onboarding/systems/ledger.ts";
import { Refusal } from "../customer-onboarding/systems/refusal.ts";
import { addressVariable, type Operations, type SystemShape } from "./system.ts";

export { Refusal };

/** Performs one operation inside its transaction. Throws a `Refusal` for a request that the system refuses. */
export type Handlers<O extends Operations> = {
  readonly [K in keyof O]: (
    request: output<O[K]["request"]>,
    call: { readonly db: DatabaseSync; readonly key: string },
  ) => OperationResult<output<O[K]["answer"]>>;
};

export interface ServiceOptions<O extends Operations> {
  readonly shape: SystemShape<O>;
  readonly dataDir: string;
  /** The schema of the system's own tables. */
  readonly tables: string;
  readonly operations: Handlers<O>;
  /** Treats every request as new, like a system without idempotency keys. */
  readonly ignoresKeys?: boolean;
}

/** How an operation fails, until the fault is cleared. */
const Fault = z.object({
  /**
   * `lost`: the connection breaks without an answer. `hang`: no answer until the client disconnects. A number: that
   * status.
   */
  mode: z.union([z.literal("lost"), z.literal("hang"), z.int().min(400).max(599)]),
  /** `after`: the operation is performed first, but the answer never arrives. Default `before`. */
  when: z.enum(["before", "after"]).optional(),
  /** How many requests fail; by default all, until the fault is cleared. */
  times: z.int().positive().optional(),
  /** Only requests whose body contains this text. */
  only: z.string().optional(),
});
export type Fault = z.infer<typeof Fault>;

/** The body of `POST /control`: which operation fails and how, or `ok` to clear all faults. */
const Control = z.union([z.object({ mode: z.literal("ok") }), Fault.extend({ operation: z.string() })]);

export interface ServedRequest {
  readonly operation: string;
  readonly request: unknown;
  readonly key: string;
  /** The id of what it created; null if nothing was done. */
  readonly id: string | null;
  readonly outcome: "done" | "repeat" | "refused" | "fault";
}

export interface Service {
  readonly name: string;
  readonly url: string;
  /** The operations that it performed, without repeats. */
  operations(): LoggedOperation[];
  /** The requests that it recognised as repeats by their key. */
  repeats(): LoggedOperation[];
  rows(sql: string, ...values: string[]): Record<string, unknown>[];
  injectFault(operation: string, fault: Fault): void;
  clearFaults(): void;
  onServed(listener: (served: ServedRequest) => void): void;
  stop(): Promise<void>;
}

/** Starts the system and sets the environment variable that its clients read its address from. */
export async function startService<O extends Operations>(options: ServiceOptions<O>): Promise<Service> {
  const { shape, dataDir, tables } = options;
  const ledger = openLedger(join(dataDir, shape.name), tables);
  const faults = new Map<string, Fault>();
  const listeners: ((served: ServedRequest) => void)[] = [];
  const notify = (served: ServedRequest): void => {
    for (const listener of listeners) listener(served);
  };
  const server = createServer((request, response) => {
    serve({ options, ledger, faults, notify }, request, response).catch((error: unknown) => sendError(response, error));
  });
  const url = await listen(server);
  process.env[addressVariable(shape.name)] = url;
  return {
    name: shape.name,
    url,
    operations: () => ledger.operations(),
    repeats: () => ledger.repeats(),
    rows: (sql, ...values) => ledger.db.prepare(sql).all(...values),
    injectFault: (operation, fault) => void faults.set(operation, fault),
    clearFaults: () => faults.clear(),
    onServed: (listener) => void listeners.push(listener),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      ledger.close();
    },
  };
}

interface ServiceState<O extends Operations> {
  readonly options: ServiceOptions<O>;
  readonly ledger: Ledger;
  readonly faults: Map<string, Fault>;
  readonly notify: (served: ServedRequest) => void;
}

async function serve<O extends Operations>(
  service: ServiceState<O>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const operation = (request.url ?? "/").slice(1);
  if (operation === "control") return control(service, request, response);
  const shape = service.options.shape.operations[operation];
  const sent = request.headers["idempotency-key"]?.toString();
  const key = service.options.ignoresKeys === true ? randomUUID() : sent;
  if (shape === undefined || request.method !== "POST") throw new Refusal(404, `not found: ${request.url}`);
  if (key === undefined) throw new Refusal(400, "the Idempotency-Key header is missing");
  const text = await readText(request);
  const parsed = shape.request.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Refusal(400, `invalid body: ${parsed.error.message}`);
  const fault = takeFault(service.faults, operation, text);
  if (fault !== undefined && fault.when !== "after") {
    service.notify({ operation, request: parsed.data, key, id: null, outcome: "fault" });
    return applyFault(fault, request, response);
  }
  const perform = service.options.operations[operation] as Handlers<O>[keyof O];
  let id: string | null = null;
  try {
    const { answer, isRepeat } = service.ledger.once({ key, operation, request: parsed.data }, (db) => {
      const result = perform(parsed.data as output<O[keyof O]["request"]>, { db, key });
      id = result.id;
      return result;
    });
    service.notify({ operation, request: parsed.data, key, id, outcome: isRepeat ? "repeat" : "done" });
    if (fault !== undefined) return applyFault(fault, request, response);
    send(response, isRepeat ? 200 : 201, answer);
  } catch (error) {
    if (error instanceof Refusal)
      service.notify({ operation, request: parsed.data, key, id: null, outcome: "refused" });
    throw error;
  }
}

async function control<O extends Operations>(
  { options, faults }: ServiceState<O>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parsed = Control.safeParse(JSON.parse(await readText(request)));
  if (!parsed.success) throw new Refusal(400, `invalid body: ${parsed.error.message}`);
  const command = parsed.data;
  if (command.mode === "ok") faults.clear();
  else if (!("operation" in command) || options.shape.operations[command.operation] === undefined)
    throw new Refusal(400, `operation must be one of ${Object.keys(options.shape.operations).join(", ")}`);
  else faults.set(command.operation, command);
  send(response, 200, command);
}

function takeFault(faults: Map<string, Fault>, operation: string, body: string): Fault | undefined {
  const fault = faults.get(operation);
  if (fault === undefined || !body.includes(fault.only ?? "")) return undefined;
  const { times } = fault;
  if (times === 1) faults.delete(operation);
  else if (times !== undefined) faults.set(operation, { ...fault, times: times - 1 });
  return fault;
}

function applyFault({ mode }: Fault, request: IncomingMessage, response: ServerResponse): void {
  if (mode === "lost") request.socket.destroy();
  else if (mode !== "hang") send(response, mode, `injected fault (${mode})`);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) send(response, error.status, error.message);
  else send(response, 500, error instanceof Error ? error.message : String(error));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** More than any request to these systems needs. */
const bodyBytesMax = 64 * 1024;

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new Refusal(413, `the body is larger than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
