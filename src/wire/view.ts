/** A list's filter under a name, for all who use this store. */
export interface SavedView {
  readonly id: string;
  readonly name: string;
  /** The query of `GET /api/runs`, such as `status=failed&name=onboarding`. */
  readonly query: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

/** Body of `POST /api/views`. A name that is taken is replaced. */
export interface ViewBody {
  readonly name: string;
  readonly query: string;
}
