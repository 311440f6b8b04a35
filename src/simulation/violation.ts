/** An invariant that did not hold, and where. */
export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}
