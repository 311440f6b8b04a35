import { BatonError } from "../../kernel/model/errors.ts";
import type { Problem, ProblemPlace } from "../../wire/problem.ts";

/** HTTP statuses by error code. A code that is not listed means 422: the request was understood and refused. */
const statusOfCode: Readonly<Record<string, number>> = {
  "malformed-json": 400,
  "bad-request": 400,
  "invalid-page-token": 400,
  "host-refused": 403,
  "origin-refused": 403,
  "not-found": 404,
  "unknown-definition": 404,
  "unknown-route": 404,
  "method-not-allowed": 405,
  "read-only": 405,
  ambiguous: 409,
  "key-conflict": 409,
  skipped: 409,
  illegal: 409,
  conflict: 409,
  "not-at-rest": 409,
  "not-held": 409,
  "no-return": 409,
  limit: 413,
  "too-large": 413,
  "unsupported-media-type": 415,
  "rate-limited": 429,
  corrupt: 500,
  internal: 500,
  unavailable: 503,
  "unknown-outcome": 503,
};

const titles: Readonly<Record<number, string>> = {
  400: "Bad request",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Too large",
  415: "Unsupported media type",
  422: "Unprocessable content",
  429: "Too many requests",
  500: "Internal error",
  503: "Unavailable",
};

/** `Retry-After` of a 503, in seconds. */
const retryAfterS = 1;

/**
 * Converts any error to a problem document. An error that is not a `BatonError` is a bug in Baton or in a definition:
 * 500.
 */
export function problemOf(error: unknown, instance: string): Problem {
  const known = error instanceof BatonError ? error : internal(error);
  const status = statusOfCode[known.code] ?? 422;
  const { issues, ...details } = known.details;
  return {
    type: `urn:baton:error:${known.code}`,
    title: titles[status] ?? "Error",
    status,
    detail: known.message,
    code: known.code,
    hint: known.hint,
    instance,
    ...(Array.isArray(issues) ? { errors: issues as ProblemPlace[] } : {}),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

export function problemResponse(error: unknown, instance: string): Response {
  const problem = problemOf(error, instance);
  const allow = problem.details?.["allow"];
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      ...retryHeader(problem),
      ...(typeof allow === "string" ? { allow } : {}),
    },
  });
}

function retryHeader({ status, details }: Problem): { "retry-after": string } | Record<never, never> {
  const ms = details?.["retryInMs"];
  if (typeof ms === "number") return { "retry-after": String(Math.max(1, Math.ceil(ms / 1_000))) };
  return status === 503 ? { "retry-after": String(retryAfterS) } : {};
}

function internal(error: unknown): BatonError {
  const message = error instanceof Error ? error.message : String(error);
  return new BatonError("internal", message, { hint: "check the server log", cause: error });
}

/** A request whose body or query violates the route's schema. */
export function invalidRequest(places: readonly ProblemPlace[], what: "body" | "query"): BatonError {
  return new BatonError("invalid-request", places.map(({ path, message }) => `${path || what} ${message}`).join("; "), {
    hint: "GET /openapi.json has the schema of every route",
    details: { issues: places },
  });
}
