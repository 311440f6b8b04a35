/** `GET /api/server`: describes this server and its permissions. */
export interface ServerInfo {
  /** Baton version. */
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly startedAt: string;
  /** Store time, for computing ages and due times. */
  readonly now: string;
  /** IANA name of the server's time zone. */
  readonly zone: string;
  /** The actor recorded for this caller's actions. */
  readonly actor: string;
  readonly isReadOnly: boolean;
  readonly store: {
    readonly kind: "sqlite" | "postgres";
    /** Without a password. */
    readonly address: string;
    readonly bytes: number;
    readonly schema: number;
  };
  /** Number of running workers. */
  readonly workers: number;
  /** Whether `GET /api/guide` has a getting-started guide. */
  readonly hasGuide: boolean;
}
