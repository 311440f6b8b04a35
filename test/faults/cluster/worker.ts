/**
 * A worker process: Baton on the shared store, and a small door by which the harness's clients reach it. It opens its store
 * for as long as it takes; once open, nothing that the store does may end it.
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

// The harness is gone, however it died.
process.stdin.on("close", () => process.exit(0)).resume();
const baton = await openPatiently();
const door = createServer((request, response) => void answer(request, response));
door.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (door.address() as AddressInfo).port })}\n`);
});
process.on("SIGTERM", () => {
  door.close();
  door.closeAllConnections();
  baton.close({ graceMs: 2_000 }).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`closing failed: ${String(error)}\n`);
      process.exit(0);
    },
  );
});

async function openPatiently(): Promise<Baton> {
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
    const result = await act(JSON.parse(await text(request)) as WorkerCommand);
    response.end(JSON.stringify(result));
  } catch (error) {
    const code = error instanceof BatonError ? error.code : "unexpected";
    const message = error instanceof Error ? error.message : String(error);
    response.writeHead(code === "unavailable" || code === "unknown-outcome" ? 503 : 409);
    response.end(JSON.stringify({ code, message }));
  }
}

async function act(ask: WorkerCommand): Promise<unknown> {
  switch (ask.what) {
    case "start": {
      const { id, isNew } = await baton.start(ask.kind, ask.order, { idempotencyKey: ask.order.id });
      return { id, isNew };
    }
    case "emit":
      return baton.emit({ name: "go", id: ask.order.id, data: { id: ask.order.id } });
    case "cancel": {
      const handle = await baton.get(ask.run);
      await handle.cancel({ why: "the storm's whim" });
      return {};
    }
    case "hog":
      return hog();
  }
}

/** Takes memory until the process may have no more. */
function hog(): never {
  const taken: string[][] = [];
  for (;;) taken.push(Array.from({ length: 100_000 }, (_, i) => `${i} of ${taken.length}`));
}
