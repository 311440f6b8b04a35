import type { Problem } from "@wire/problem.ts";

/** What the API refused, with its code and what to do about it. `status` 0: no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null, cause?: unknown) {
    super(problem?.detail ?? (status === 0 ? "Baton does not answer" : `Baton answered ${status}`), { cause });
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }

  get isAway(): boolean {
    return this.status === 0;
  }

  get hint(): string | null {
    return this.problem?.hint ?? null;
  }
}

/** Parts of a query; those that are undefined or null are left out. */
export type Params = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A path of the API with what is given of its query, in a stable order. */
export function pathOf(path: string, params: Params = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return search === "" ? path : `${path}?${search}`;
}

/** Reads; throws an `ApiError` when there is no answer, or one that says no. */
export function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return ask<T>(pathOf(path, params), signal === undefined ? {} : { signal });
}

/** Asks for an act; throws as `get` does. */
export function post<T>(path: string, body: unknown = {}): Promise<T> {
  return ask<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, null, cause);
  });
  const text = await response.text().catch((cause: unknown) => {
    throw new ApiError(0, null, cause);
  });
  if (response.ok) return parse(text) as T;
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

/** An integer that a double cannot hold is shown as it is written, never as its neighbour. */
export class BigNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return (JSON as unknown as { rawJSON?: (text: string) => unknown }).rawJSON?.(this.text) ?? this.text;
  }
}

/** JSON without loss: long numbers, which are rare, are looked at one by one. */
export function parse(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value)) return value;
    return /^-?\d+$/.test(source) ? new BigNumber(source) : value;
  };
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}
