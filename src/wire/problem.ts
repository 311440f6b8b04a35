/** Every error of the API, as `application/problem+json` (RFC 9457). */
export interface Problem {
  /** `urn:baton:error:<code>`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What happened, in a sentence. */
  readonly detail: string;
  /** Stable, and listed in docs/errors.md. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string | null;
  /** The path that was asked for. */
  readonly instance: string;
  /** The places of a body or query that are wrong. */
  readonly errors?: readonly ProblemPlace[];
  /** More, by code: `candidates` of an ambiguous id, `run` that has an idempotency key, `allow` of a wrong method. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ProblemPlace {
  readonly path: string;
  readonly message: string;
}
