import type { ObjectSchema, Schema } from "./schema/schema.ts";
import type { Services } from "./services.ts";

/** What a caller must be allowed to do. Loopback may do all of it; tokens will carry these. */
export type Scope =
  | "public"
  | "secrets:write"
  | "runs:read"
  | "runs:write"
  | "events:read"
  | "events:write"
  | "definitions:read"
  | "definitions:write"
  | "schedules:read"
  | "schedules:write"
  | "guide:read"
  | "guide:write"
  | "store:read"
  | "store:write";

/** A checked request. `query` and `body` have passed the route's schemas. */
export interface Call {
  readonly request: Request;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly services: Services;
}

export interface RouteResponse {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ResponseSpec {
  readonly description: string;
  readonly schema?: Schema;
  /** Default `application/json`. */
  readonly type?: string;
}

export interface BodySpec {
  readonly schema: Schema;
  /** An empty body stands for `{}`. */
  readonly isOptional?: boolean;
  /** Media types besides `application/json`; the handler reads these itself. */
  readonly others?: readonly string[];
  /** Bytes that it may have, over the 64 KiB that everything around the payload may take. */
  readonly payloadMax: (services: Services) => number;
}

/**
 * One route. The router, the checks of what comes in and the OpenAPI document are made from the table of these, so that
 * none of them can say something else than the others.
 */
export interface Route {
  readonly method: "GET" | "POST";
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly query?: ObjectSchema;
  readonly body?: BodySpec;
  readonly answers: Readonly<Record<number, ResponseSpec>>;
  readonly handle: (call: Call) => Promise<RouteResponse | Response> | RouteResponse | Response;
}
