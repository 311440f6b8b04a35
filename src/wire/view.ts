/** A list's filter under a name, for all who use this store. */
export interface SavedView {
  readonly id: string;
  readonly name: string;
  /** The search of the list's address, such as `q=status%3Afailed&from=2026-11-20T00%3A00%3A00.000Z`. */
  readonly query: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

/** Body of `POST /api/views`. A name that is taken is replaced. */
export interface ViewBody {
  readonly name: string;
  readonly query: string;
}
