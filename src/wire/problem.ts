/** Every error of the API, as `application/problem+json` (RFC 9457). */
export interface Problem {
  /** `urn:baton:error:<code>`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What happened. */
  readonly detail: string;
  /** Stable, and listed in docs/look-up/errors.md. */
  readonly code: string;
  /** What to do. */
  readonly hint: string | null;
  /** The requested path. */
  readonly instance: string;
  /** The invalid parts of a body or query. */
  readonly errors?: readonly ProblemPlace[];
  /** Further details, depending on the code: `candidates` of an ambiguous id, `run` that has an idempotency key, `allow` of a wrong method. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ProblemPlace {
  readonly path: string;
  readonly message: string;
}
