import type { ObjectSchema, Schema } from "./schema/schema.ts";
import type { Services } from "./services.ts";

/** The permission that a caller needs. Loopback has all of them; tokens will carry them. */
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

/** A validated request: `query` and `body` match the route's schemas. */
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
  /** Whether an empty body means `{}`. */
  readonly isOptional?: boolean;
  /** Media types in addition to `application/json`; the handler parses these itself. */
  readonly others?: readonly string[];
  /** Bytes allowed for the payload, in addition to 64 KiB for everything around it. */
  readonly payloadMax: (services: Services) => number;
}

/**
 * One route. The router, the input validation and the OpenAPI document are all made from the table of routes, so that
 * they cannot contradict each other.
 */
export interface Route {
  readonly method: "GET" | "POST";
  /** Parameters are written `{name}`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly query?: ObjectSchema;
  readonly body?: BodySpec;
  readonly answers: Readonly<Record<number, ResponseSpec>>;
  readonly handle: (call: Call) => Promise<RouteResponse | Response> | RouteResponse | Response;
}
