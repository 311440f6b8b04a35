/** A filter of the list of runs under a name, for all who use this store. */
export interface ViewRow {
  readonly id: string;
  /** Unique. */
  readonly name: string;
  readonly query: string;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** Keeps a view. One of the same name is replaced and keeps its id; safe to repeat. */
export interface KeepView {
  readonly kind: "keep-view";
  /** Of a new one. */
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly actor: string;
}

/** Removes a view; one that is gone already is no fault. */
export interface RemoveView {
  readonly kind: "remove-view";
  readonly id: string;
}

export type ViewTransition = KeepView | RemoveView;

export type ViewOutcome =
  | { readonly ok: true; readonly at: number; readonly view: ViewRow | null }
  /** There are as many as a list may hold. */
  | { readonly ok: false; readonly why: "full" };
