/** A saved filter of a list, shared by all users of the store. */
export interface SavedView {
  readonly id: string;
  readonly name: string;
  /** The query string of the list's address, for example `q=status%3Afailed&from=2026-11-20T00%3A00%3A00.000Z`. */
  readonly query: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

/** Body of `POST /api/views`. An existing view of this name is replaced. */
export interface ViewBody {
  readonly name: string;
  readonly query: string;
}
