/** Body of `POST /api/runs`. */
export interface StartBody {
  /** Name of the workflow. */
  readonly name: string;
  readonly input?: unknown;
  /** Overrides the workflow's business key. */
  readonly key?: string;
  /** Starting again with the same key and input returns the existing run. The header `Idempotency-Key` does the same. */
  readonly idempotencyKey?: string;
  /** Start no earlier than this time, RFC 3339. */
  readonly at?: string;
  /** Start after this delay: milliseconds, `"90s"`, `"2d"` or `"PT8H"`. */
  readonly after?: string | number;
  /** Seconds by which it is placed ahead of runs queued earlier, -600 to 600. */
  readonly priority?: number;
  readonly attributes?: Readonly<Record<string, unknown>>;
}
