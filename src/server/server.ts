import { type Context, Hono } from "hono";
import type { Engine } from "../kernel/engine/engine.ts";
import type { HostFacts } from "../kernel/model/doctor.ts";
import { BatonError } from "../kernel/model/errors.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import { verbs } from "../wire/verb.ts";
import type { About } from "./about.ts";
import { readText } from "./http/body.ts";
import { guard, securityHeaders } from "./http/guard.ts";
import { parseJson } from "./http/json-text.ts";
import { mediaType } from "./http/media-type.ts";
import { invalidRequest, problemOf, problemResponse } from "./http/problems.ts";
import { Metrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import type { Pages } from "./pages.ts";
import type { BodySpec, Call, Route } from "./route.ts";
import { routes } from "./routes/table.ts";
import { check } from "./schema/check.ts";
import { components } from "./schema/components.ts";
import type { ObjectSchema } from "./schema/schema.ts";
import type { DrawingService, GuideService, Loaded, Services, VersionService } from "./services.ts";
import { type ChangeFeed, StreamHub } from "./stream-hub.ts";

export interface ServerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The actor of all requests, until there are user accounts. */
  readonly actor: string;
  readonly pid: number;
  readonly about: About;
  readonly feed: ChangeFeed;
  readonly metrics?: Metrics;
  /** Accepted values of `Host`. Read for each request, because the port is known late. */
  readonly hosts: () => readonly string[];
  readonly loaded: () => Loaded;
  /** Without it, there are no graphs. */
  readonly drawings?: DrawingService;
  readonly versions?: VersionService | null;
  readonly guide?: GuideService | null;
  /** Refuses requests that change anything. */
  readonly isReadOnly?: boolean;
  /** False if definitions may be missing. Routing of events is then left to the workers. */
  readonly routesEvents?: boolean;
  readonly hostFacts?: () => HostFacts | null;
  readonly knownSchema?: number;
  /** The console; without it, only the API is served. */
  readonly pages?: Pages | null;
}

/** The HTTP API of one engine. `close` ends the live streams, so that a server can stop. */
export interface ApiServer {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  close(): void;
}

const noDrawings: DrawingService = { graph: undrawn, diff: undrawn };

function undrawn(): never {
  throw new BatonError("not-found", "this server cannot draw graphs", {
    hint: "use a server that has the definitions",
  });
}

/** Bytes for everything around the payload of a body: names, keys, attributes. */
const envelopeMax = 64 * 1024;

export function createServer(options: ServerOptions): ApiServer {
  const { engine, clock, actor, pid, loaded } = options;
  const hub = new StreamHub(engine.store, options.feed, clock);
  const metrics = options.metrics ?? new Metrics();
  const routesEvents = options.routesEvents ?? true;
  const versions = options.versions ?? null;
  const isReadOnly = options.isReadOnly ?? false;
  const services: Services = {
    engine,
    store: engine.store,
    clock,
    actor,
    pid,
    about: options.about,
    startedAt: clock.now(),
    isReadOnly,
    hub,
    metrics,
    loaded,
    routesEvents,
    versions,
    guide: options.guide ?? null,
    drawings: options.drawings ?? noDrawings,
    hostFacts: options.hostFacts ?? (() => null),
    knownSchema: options.knownSchema ?? null,
  };
  const app = new Hono();
  app.use(async (context, next) => {
    guard(context.req.raw, { hosts: options.hosts, isReadOnly });
    await next();
  });
  const table = [...routes, documentRoute()];
  for (const route of table) app.on(route.method, honoPath(route.path), (context) => respond(context, route, services));
  refuseOtherMethods(app, table);
  app.get("*", (context) => page(context, options.pages ?? null));
  app.notFound((context) => problemResponse(unknownRoute(context.req.path), context.req.path));
  app.onError((error, context) => {
    if (problemOf(error, "").status >= 500)
      options.logger.log("error", "a request failed", { path: context.req.path, error: error.stack ?? String(error) });
    return problemResponse(error, context.req.path);
  });
  return {
    fetch: async (request) => secured(await app.fetch(request)),
    close: () => hub.close(),
  };
}

async function respond(context: Context, route: Route, services: Services): Promise<Response> {
  const request = context.req.raw;
  const query = readQuery(route.query, new URL(request.url).searchParams);
  const body = route.body === undefined ? undefined : await readBody(route.body, request, services);
  const call: Call = { request, params: context.req.param(), query, body, services };
  const answer = await route.handle(call);
  if (answer instanceof Response) return answer;
  return new Response(JSON.stringify(answer.body), {
    status: answer.status,
    headers: { "content-type": "application/json", ...answer.headers },
  });
}

/** Converts query fields to the types of their schemas: numbers and booleans where the text is one. */
function readQuery(schema: ObjectSchema | undefined, search: URLSearchParams): Readonly<Record<string, unknown>> {
  const query: Record<string, unknown> = {};
  for (const [name, value] of search) {
    const type = schema?.properties[name]?.type;
    query[name] = type === "integer" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  }
  const places = check(schema ?? noQuery, query, "", components);
  if (places.length > 0) throw invalidRequest(places, "query");
  return query;
}

const noQuery: ObjectSchema = { type: "object", properties: {}, additionalProperties: false };

async function readBody(spec: BodySpec, request: Request, services: Services): Promise<unknown> {
  mediaType(request, ["application/json", ...(spec.others ?? [])]);
  const text = await readText(request, spec.payloadMax(services) + envelopeMax);
  const isAbsent = spec.isOptional === true && text.trim() === "";
  const body = isAbsent ? (spec.others === undefined ? {} : undefined) : parseJson(text);
  const places = check(spec.schema, body, "", components);
  if (places.length > 0) throw invalidRequest(places, "body");
  return body;
}

/** Known paths respond to every method, so that a wrong method is distinguished from a wrong path. */
function refuseOtherMethods(app: Hono, table: readonly Route[]): void {
  for (const [path, same] of Map.groupBy(table, (route) => route.path)) {
    const methods = same.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    app.all(honoPath(path), (context) => {
      throw new BatonError("method-not-allowed", `${context.req.method} is not allowed for ${context.req.path}`, {
        hint: `use ${methods.join(" or ")}`,
        details: { allow: methods.join(", ") },
      });
    });
  }
}

function unknownRoute(path: string): BatonError {
  const isVerb = /^\/api\/runs\/[^/]+\/[^/]+$/.test(path);
  return new BatonError("unknown-route", `${path.slice(0, 200)} does not exist`, {
    hint: isVerb ? `recovery actions are ${verbs.join(", ")}` : "GET /openapi.json lists every route",
  });
}

/** Every path that is not an API route is a page of the console. */
function page(context: Context, pages: Pages | null): Response {
  const { path, raw } = context.req;
  if (path.startsWith("/api/") || path === "/api") throw unknownRoute(path);
  if (pages !== null) return pages.answer(raw);
  throw new BatonError("unknown-route", `${path.slice(0, 200)} does not exist: the console was not built`, {
    hint: "npm start builds it; GET /openapi.json lists every route of the API",
  });
}

function documentRoute(): Route {
  const route: Route = {
    method: "GET",
    path: "/openapi.json",
    id: "openApi",
    summary: "This document.",
    scope: "public",
    answers: { 200: { description: "OpenAPI 3.1." } },
    handle: () => ({ status: 200, body: document }),
  };
  const document = openApiDocument([...routes, route]);
  return route;
}

function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

function secured(response: Response): Response {
  for (const [name, value] of Object.entries(securityHeaders))
    if (!ownHeaders.includes(name) || !response.headers.has(name)) response.headers.set(name, value);
  return response;
}

/** Pages of the console set these headers themselves. */
const ownHeaders = ["content-security-policy", "cache-control"];
