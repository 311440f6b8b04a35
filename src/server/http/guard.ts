import { BatonError } from "../../kernel/model/errors.ts";

/**
 * Checks that every request passes before routing. A page of another site can make a browser send requests to this
 * machine. It is recognised by the host name (DNS rebinding), by its origin, and by the content types of plain forms.
 * There is no CORS, so such a page cannot read responses either.
 */
export interface GuardOptions {
  /** Accepted values of `Host`, in lower case. */
  readonly hosts: () => readonly string[];
  readonly isReadOnly: boolean;
}

/** Throws the error to respond with. */
export function guard(request: Request, options: GuardOptions): void {
  const host = request.headers.get("host")?.toLowerCase() ?? "";
  if (!options.hosts().includes(host)) {
    throw new BatonError(
      "host-refused",
      `this server does not answer for ${host === "" ? "an empty host name" : `the host ${host.slice(0, 200)}`}`,
      {
        hint: `use one of: ${options.hosts().join(", ")}`,
      },
    );
  }
  if (isSafe(request.method)) return;
  refuseForeignOrigin(request, options);
  if (options.isReadOnly) {
    throw new BatonError("read-only", "this server is read-only", {
      hint: "start it without readOnly to allow changes",
      details: { allow: "GET, HEAD" },
    });
  }
}

function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function refuseForeignOrigin(request: Request, options: GuardOptions): void {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const isOwn = origin === null || options.hosts().some((host) => origin.toLowerCase() === `http://${host}`);
  // `same-site` is not enough: every port of localhost is one site.
  const isSame = site === null || site === "same-origin" || site === "none";
  if (isOwn && isSame) return;
  throw new BatonError("origin-refused", `pages of ${origin ?? "another site"} cannot change anything here`, {
    hint: "send the request from this server's own pages, or from a program that sends no Origin header",
  });
}

/** Headers of every response. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};
