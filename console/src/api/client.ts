import type { Problem } from "@wire/problem.ts";

/** An error response of the API, with its code and hint. `status` 0: no response. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null, cause?: unknown) {
    super(problem?.detail ?? (status === 0 ? "Baton is not responding" : `Baton returned status ${status}`), { cause });
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }

  get isUnreachable(): boolean {
    return this.status === 0;
  }

  get hint(): string | null {
    return this.problem?.hint ?? null;
  }
}

/** Query parameters; those that are undefined, null or empty are omitted. */
export type Params = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** An API path with its query string, in the given order. */
export function pathOf(path: string, params: Params = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return search === "" ? path : `${path}?${search}`;
}

/** Sends a GET request; throws an `ApiError` on an error response or if there is no response. */
export function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return send<T>(pathOf(path, params), signal === undefined ? {} : { signal });
}

/** Sends a POST request; throws like `get`. */
export function post<T>(path: string, body: unknown = {}): Promise<T> {
  return send<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function send<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, null, cause);
  });
  const text = await response.text().catch((cause: unknown) => {
    throw new ApiError(0, null, cause);
  });
  if (response.ok) return parseLossless(text) as T;
  throw new ApiError(response.status, problemIn(text));
}

function problemIn(text: string): Problem | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "code" in value ? (value as Problem) : null;
  } catch {
    return null;
  }
}

/** An integer too large for a double, kept as text so that no digit is lost. */
export class BigNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return (JSON as unknown as { rawJSON?: (text: string) => unknown }).rawJSON?.(this.text) ?? this.text;
  }
}

/** Parses JSON without losing digits: only texts with long numbers, which are rare, are checked number by number. */
export function parseLossless(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value)) return value;
    return /^-?\d+$/.test(source) ? new BigNumber(source) : value;
  };
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}
