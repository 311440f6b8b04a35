import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { BatonError } from "../kernel/model/errors.ts";
import { securityHeaders } from "./http/guard.ts";
import { problemResponse } from "./http/problems.ts";
import type { ApiServer } from "./server.ts";

/** A listening server. */
export interface Listening {
  readonly port: number;
  /** Accepts no new connections, closes idle ones, and closes the others after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Time limit for a client to send its request headers. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const checkMs = 5_000;
/** Number of ports to try if the first is in use. */
const triesMax = 20;

/** Listens on this port of a loopback address, or on the next free one. 0 takes any. */
export async function listen(api: ApiServer, host: string, port: number): Promise<Listening> {
  const server = createHttpServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkMs,
      maxHeaderSize: 16_384,
    },
    getRequestListener(api.fetch, {
      // The process also runs users' code, which must get Node's own Request and Response.
      overrideGlobalObjects: false,
      // Host of a request without one. The request reaches the guard, which refuses it.
      hostname: "localhost",
      errorHandler: badRequest,
    }),
  );
  await bindFirstFree(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs) => close(server, graceMs),
  };
}

/** Input that cannot be parsed as an HTTP request. */
function badRequest(error: unknown): Response {
  const message = error instanceof Error ? error.message : String(error);
  const response = problemResponse(new BatonError("bad-request", message, { hint: "send a plain HTTP request" }), "");
  for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value);
  return response;
}

async function bindFirstFree(server: Server, host: string, port: number): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      return await bind(server, host, port === 0 ? 0 : port + tried);
    } catch (error) {
      const isTaken = (error as { code?: string }).code === "EADDRINUSE";
      if (isTaken && tried + 1 < triesMax && port + tried < 65_535) continue;
      throw new BatonError("no-port", `cannot listen on ${host}:${port}: ${(error as Error).message}`, {
        hint: "choose another port with --port; 0 takes any free one",
        cause: error,
      });
    }
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // After its last response a connection becomes idle, and would be kept open for another request.
    const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      resolve();
    });
  });
}

const sweepMs = 20;
