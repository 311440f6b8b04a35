import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { BatonError } from "../kernel/model/errors.ts";
import { securityHeaders } from "./http/guard.ts";
import { problemResponse } from "./http/problems.ts";
import type { ApiServer } from "./server.ts";

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Takes no new connection, ends the idle ones, and cuts the others off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Whoever takes longer to say what it wants does not want anything. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const checkMs = 5_000;
/** Ports that are tried when the first is taken. */
const triesMax = 20;

/** Listens on this port of a loopback address, or on the next free one; 0 takes any. */
export async function listen(api: ApiServer, host: string, port: number): Promise<Listening> {
  const server = createHttpServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkMs,
      maxHeaderSize: 16_384,
    },
    getRequestListener(api.fetch, {
      // The process also runs people's code, whose Request and Response are Node's own.
      overrideGlobalObjects: false,
      // Of a request without Host: it gets as far as the guard, which refuses it.
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

/** What cannot even be read as a request. */
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
    // A connection becomes idle when its last answer has gone out, and would then be kept for the next request.
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
