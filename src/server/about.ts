/** Facts that a server cannot determine itself; its creator passes them in. */
export interface About {
  /** Baton version. */
  readonly version: string;
  readonly node: string;
  /** IANA name of this machine's time zone. */
  readonly zone: string;
  readonly store: {
    readonly kind: "sqlite" | "postgres";
    /** Without a password. */
    readonly address: string;
  };
}
