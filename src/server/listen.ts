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
/** Ports that are tried when the first is taken. */
const triesMax = 20;

/** Listens on this port of the loopback interface, or on the next free one; 0 takes any. */
export async function listen(api: ApiServer, port: number): Promise<Listening> {
  const server = createHttpServer(
    { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs, maxHeaderSize: 16_384 },
    getRequestListener(api.fetch, {
      // The process also runs people's code, whose Request and Response are Node's own.
      overrideGlobalObjects: false,
      hostname: "",
      errorHandler: badRequest,
    }),
  );
  await bindFirstFree(server, port);
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

async function bindFirstFree(server: Server, port: number): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      return await bind(server, port === 0 ? 0 : port + tried);
    } catch (error) {
      const isTaken = (error as { code?: string }).code === "EADDRINUSE";
      if (!isTaken || tried + 1 >= triesMax || port + tried + 1 > 65_535) throw error;
    }
  }
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
