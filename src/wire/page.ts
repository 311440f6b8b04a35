/** One page of a list. `nextPageToken` is opaque and null on the last page; it stays valid while rows are added. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | null;
}
