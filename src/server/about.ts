/** What a server cannot know of itself: who puts it together says so. */
export interface About {
  /** Of Baton. */
  readonly version: string;
  readonly node: string;
  /** IANA name of this machine's zone. */
  readonly zone: string;
  readonly store: {
    readonly kind: "sqlite" | "postgres";
    /** Without a password. */
    readonly address: string;
  };
}
