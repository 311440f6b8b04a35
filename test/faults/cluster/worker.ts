/**
 * A worker process: Baton on the shared store, and a small HTTP endpoint for the harness's clients. It retries until
 * its store opens; from then on no store failure may end it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { type Baton, BatonError, type Logger, openBaton } from "baton";
import { createDefinitions } from "./definitions.ts";
import type { WorkerCommand, WorkerSettings } from "./worker-process.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as WorkerSettings;
const openRetryMs = 200;

const logger: Logger = {
  log: (level, message, fields) => {
    if (level === "debug") return;
    process.stderr.write(`${new Date().toISOString()} ${level} ${message} ${JSON.stringify(fields ?? {})}\n`);
  },
};

// The harness has exited.
process.stdin.on("close", () => process.exit(0)).resume();
const baton = await openWithRetries();
const endpoint = createServer((request, response) => void answer(request, response));
endpoint.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (endpoint.address() as AddressInfo).port })}\n`);
});
process.on("SIGTERM", () => {
  endpoint.close();
  endpoint.closeAllConnections();
  baton.close({ graceMs: 2_000 }).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`closing failed: ${String(error)}\n`);
      process.exit(0);
    },
  );
});

async function openWithRetries(): Promise<Baton> {
  for (;;) {
    try {
      return await openBaton({
        store: settings.store,
        definitions: createDefinitions(settings.worldUrl),
        logger,
      });
    } catch (error) {
      process.stderr.write(`the store does not open: ${error instanceof Error ? error.message : String(error)}\n`);
      await delay(openRetryMs);
    }
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const result = await execute(JSON.parse(await text(request)) as WorkerCommand);
    response.end(JSON.stringify(result));
  } catch (error) {
    const code = error instanceof BatonError ? error.code : "unexpected";
    const message = error instanceof Error ? error.message : String(error);
    response.writeHead(code === "unavailable" || code === "unknown-outcome" ? 503 : 409);
    response.end(JSON.stringify({ code, message }));
  }
}

async function execute(command: WorkerCommand): Promise<unknown> {
  switch (command.what) {
    case "start": {
      const { id, isNew } = await baton.start(command.kind, command.order, { idempotencyKey: command.order.id });
      return { id, isNew };
    }
    case "emit":
      return baton.emit({ name: "go", id: command.order.id, data: { id: command.order.id } });
    case "cancel": {
      const handle = await baton.get(command.run);
      await handle.cancel({ why: "cancelled by the storm" });
      return {};
    }
    case "hog":
      return hog();
  }
}

/** Allocates memory until the process runs out of it. */
function hog(): never {
  const taken: string[][] = [];
  for (;;) taken.push(Array.from({ length: 100_000 }, (_, i) => `${i} of ${taken.length}`));
}
