/**
 * A system at work: an HTTP service on loopback with its state in a file of its own. Every act is written down with its
 * idempotency key, in the transaction that does it; a repeated key gets the first answer and no second act.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type output, z } from "zod";
import { type Act, type Ledger, type Made, openLedger } from "../customer-onboarding/systems/ledger.ts";
import { Refusal } from "../customer-onboarding/systems/refusal.ts";
import { type Acts, addressVariable, type SystemShape } from "./system.ts";

export { Refusal };

/** What a system does for one act, inside its transaction. Throws a `Refusal` for what it will not do. */
export type Handlers<A extends Acts> = {
  readonly [K in keyof A]: (
    request: output<A[K]["request"]>,
    call: { readonly db: DatabaseSync; readonly key: string },
  ) => Made<output<A[K]["answer"]>>;
};

export interface ServiceOptions<A extends Acts> {
  readonly shape: SystemShape<A>;
  readonly dataDir: string;
  /** The schema of its own rows. */
  readonly tables: string;
  readonly acts: Handlers<A>;
  /** Takes every request for a new one, as systems do that know no idempotency keys. */
  readonly forgetsKeys?: boolean;
}

/** How a system fails, until it is mended. */
const Trouble = z.object({
  /** `lost`: the connection breaks without an answer. `hang`: no answer until the client goes. A number: that status. */
  mode: z.union([z.literal("lost"), z.literal("hang"), z.int().min(400).max(599)]),
  /** `after`: it acts first, and the answer never arrives. Default `before`. */
  moment: z.enum(["before", "after"]).optional(),
  /** So many requests fail; without it, all until it is mended. */
  times: z.int().positive().optional(),
  /** Only requests whose body holds this text. */
  only: z.string().optional(),
});
export type Trouble = z.infer<typeof Trouble>;

/** The body of `POST /control`: which act is to fail and how, or that all of them work again. */
const Control = z.union([z.object({ mode: z.literal("ok") }), Trouble.extend({ act: z.string() })]);

/** A request as it was served. */
export interface Served {
  readonly act: string;
  readonly request: unknown;
  readonly key: string;
  /** What it made; null when nothing came of it. */
  readonly id: string | null;
  readonly outcome: "done" | "repeat" | "refused" | "trouble";
}

export interface Service {
  readonly name: string;
  readonly url: string;
  /** What it really did, each act once. */
  acts(): Act[];
  /** The requests that it recognised by their key. */
  repeats(): Act[];
  rows(sql: string, ...values: string[]): Record<string, unknown>[];
  breakDown(act: string, trouble: Trouble): void;
  mend(): void;
  onServed(listener: (served: Served) => void): void;
  stop(): Promise<void>;
}

/** Starts the system and puts its address where its clients look. */
export async function startService<A extends Acts>(options: ServiceOptions<A>): Promise<Service> {
  const { shape, dataDir, tables } = options;
  const ledger = openLedger(join(dataDir, shape.name), tables);
  const troubles = new Map<string, Trouble>();
  const listeners: ((served: Served) => void)[] = [];
  const tell = (served: Served): void => {
    for (const listener of listeners) listener(served);
  };
  const server = createServer((request, response) => {
    serve({ options, ledger, troubles, tell }, request, response).catch((error: unknown) =>
      answerError(response, error),
    );
  });
  const url = await listen(server);
  process.env[addressVariable(shape.name)] = url;
  return {
    name: shape.name,
    url,
    acts: () => ledger.acts(),
    repeats: () => ledger.repeats(),
    rows: (sql, ...values) => ledger.db.prepare(sql).all(...values),
    breakDown: (act, trouble) => void troubles.set(act, trouble),
    mend: () => troubles.clear(),
    onServed: (listener) => void listeners.push(listener),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      ledger.close();
    },
  };
}

interface Desk<A extends Acts> {
  readonly options: ServiceOptions<A>;
  readonly ledger: Ledger;
  readonly troubles: Map<string, Trouble>;
  readonly tell: (served: Served) => void;
}

async function serve<A extends Acts>(desk: Desk<A>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const act = (request.url ?? "/").slice(1);
  if (act === "control") return control(desk, request, response);
  const shape = desk.options.shape.acts[act];
  const sent = request.headers["idempotency-key"]?.toString();
  const key = desk.options.forgetsKeys === true ? randomUUID() : sent;
  if (shape === undefined || request.method !== "POST") throw new Refusal(404, `nothing at ${request.url}`);
  if (key === undefined) throw new Refusal(400, "this request needs an Idempotency-Key header");
  const text = await readText(request);
  const parsed = shape.request.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Refusal(400, `the body is not as expected: ${parsed.error.message}`);
  const trouble = takeTrouble(desk.troubles, act, text);
  if (trouble !== undefined && trouble.moment !== "after")
    return misbehave(trouble, request, response, () => {
      desk.tell({ act, request: parsed.data, key, id: null, outcome: "trouble" });
    });
  const perform = desk.options.acts[act] as Handlers<A>[keyof A];
  let made: string | null = null;
  try {
    const { answer, isRepeat } = desk.ledger.once({ key, act, request: parsed.data }, (db) => {
      const done = perform(parsed.data as output<A[keyof A]["request"]>, { db, key });
      made = done.id;
      return done;
    });
    desk.tell({ act, request: parsed.data, key, id: made, outcome: isRepeat ? "repeat" : "done" });
    if (trouble !== undefined) return misbehave(trouble, request, response, () => {});
    send(response, isRepeat ? 200 : 201, answer);
  } catch (error) {
    if (error instanceof Refusal) desk.tell({ act, request: parsed.data, key, id: null, outcome: "refused" });
    throw error;
  }
}

async function control<A extends Acts>(
  { options, troubles }: Desk<A>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parsed = Control.safeParse(JSON.parse(await readText(request)));
  if (!parsed.success) throw new Refusal(400, `the body is not as expected: ${parsed.error.message}`);
  const order = parsed.data;
  if (order.mode === "ok") troubles.clear();
  else if (!("act" in order) || options.shape.acts[order.act] === undefined)
    throw new Refusal(400, `act is one of ${Object.keys(options.shape.acts).join(", ")}`);
  else troubles.set(order.act, order);
  send(response, 200, order);
}

function takeTrouble(troubles: Map<string, Trouble>, act: string, body: string): Trouble | undefined {
  const trouble = troubles.get(act);
  if (trouble === undefined || !body.includes(trouble.only ?? "")) return undefined;
  const { times } = trouble;
  if (times === 1) troubles.delete(act);
  else if (times !== undefined) troubles.set(act, { ...trouble, times: times - 1 });
  return trouble;
}

function misbehave({ mode }: Trouble, request: IncomingMessage, response: ServerResponse, tell: () => void): void {
  tell();
  if (mode === "lost") request.socket.destroy();
  else if (mode !== "hang") send(response, mode, `out of order (${mode})`);
}

function answerError(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) send(response, error.status, error.message);
  else send(response, 500, error instanceof Error ? error.message : String(error));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** Larger than any request of these systems. */
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
