/** `GET /api/server`: who answers here and what it may do. */
export interface ServerInfo {
  /** Of Baton. */
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly startedAt: string;
  /** Store time: clients count ages and due times from it. */
  readonly now: string;
  /** IANA name of this machine's zone. */
  readonly zone: string;
  /** Who acts when this caller asks for something. */
  readonly actor: string;
  readonly isReadOnly: boolean;
  readonly store: {
    readonly kind: "sqlite" | "postgres";
    /** As it may be shown: without a password. */
    readonly address: string;
    readonly bytes: number;
    readonly schema: number;
  };
  /** Workers that are alive. */
  readonly workers: number;
  /** A guide for the first minutes is to be had at `GET /api/guide`. */
  readonly hasGuide: boolean;
}
