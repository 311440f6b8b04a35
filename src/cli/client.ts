import type { Page } from "../wire/page.ts";
import { isTruncated } from "../wire/payload.ts";
import type { Problem } from "../wire/problem.ts";
import { CliError, exit, exitOfStatus } from "./exit.ts";

export type Fetch = (request: Request) => Response | Promise<Response>;

/** The API, at an address or in this process. */
export class Client {
  readonly #fetch: Fetch;
  readonly #base: string;
  readonly #where: string;

  constructor(fetch: Fetch, base: string, where: string) {
    this.#fetch = fetch;
    this.#base = base;
    this.#where = where;
  }

  get<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<T> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    return this.#send<T>("GET", search.size === 0 ? path : `${path}?${search}`);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#send<T>("POST", path, JSON.stringify(body));
  }

  /** Up to `limit` rows, from as many pages as needed. */
  async rows<T>(
    path: string,
    query: Readonly<Record<string, string | number | undefined>>,
    limit: number,
  ): Promise<readonly T[]> {
    const rows: T[] = [];
    let pageToken: string | undefined;
    for (;;) {
      const size = Math.min(pageMax, limit - rows.length);
      const page: Page<T> = await this.get(path, { ...query, limit: size, pageToken });
      rows.push(...page.items);
      if (page.nextPageToken === null || rows.length >= limit) return rows;
      pageToken = page.nextPageToken;
    }
  }

  /** The same value with all large parts fetched. */
  async whole<T>(value: T): Promise<T> {
    if (isTruncated(value)) return this.get<T>(value.href);
    if (Array.isArray(value)) return (await Promise.all(value.map((item) => this.whole<unknown>(item)))) as T;
    if (typeof value !== "object" || value === null) return value;
    const parts = Object.entries(value).map(async ([key, part]) => [key, await this.whole<unknown>(part)] as const);
    return Object.fromEntries(await Promise.all(parts)) as T;
  }

  async #send<T>(method: string, path: string, body?: string): Promise<T> {
    const response = await this.#answer(method, path, body);
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as T;
    throw problemError(response.status, text);
  }

  async #answer(method: string, path: string, body: string | undefined): Promise<Response> {
    const headers = {
      host: new URL(this.#base).host,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    try {
      return await this.#fetch(
        new Request(`${this.#base}${path}`, {
          method,
          headers,
          ...(body === undefined ? {} : { body }),
          signal: AbortSignal.timeout(answerMs),
        }),
      );
    } catch (cause) {
      throw new CliError(exit.unreachable, "unreachable", `${this.#where} is not responding`, {
        hint: "check that Baton is running there: baton start",
        cause,
      });
    }
  }
}

/** Rows per page of the API. */
const pageMax = 200;
/** Longer than any response takes that is not a stream. */
const answerMs = 90_000;

function problemError(status: number, text: string): CliError {
  const problem = parseProblem(text);
  if (problem === null) {
    return new CliError(
      exit.unreachable,
      "no-baton",
      `unexpected response (status ${status}): this is not a Baton server`,
      {
        hint: "check the address in --url",
      },
    );
  }
  const details = { ...problem.details, ...(problem.errors === undefined ? {} : { errors: problem.errors }) };
  return new CliError(exitOfStatus(status), problem.code, problem.detail, { hint: problem.hint, details });
}

function parseProblem(text: string): Problem | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "code" in value && "detail" in value
      ? (value as Problem)
      : null;
  } catch {
    return null;
  }
}
