/** A saved filter of the list of runs, for all users of this store. */
export interface ViewRow {
  readonly id: string;
  /** Unique. */
  readonly name: string;
  readonly query: string;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** Saves a view. A view of the same name is replaced and keeps its id. Safe to repeat. */
export interface KeepView {
  readonly kind: "keep-view";
  /** The id if the view is new. */
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly actor: string;
}

/** Removes a view. It is not an error if it is already gone. */
export interface RemoveView {
  readonly kind: "remove-view";
  readonly id: string;
}

export type ViewTransition = KeepView | RemoveView;

export type ViewOutcome =
  | { readonly ok: true; readonly at: number; readonly view: ViewRow | null }
  /** The limit on views is reached. */
  | { readonly ok: false; readonly why: "full" };
