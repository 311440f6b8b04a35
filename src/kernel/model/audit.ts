/** Who requested which action, and why. */
export interface Audit {
  readonly actor: string;
  readonly verb: string;
  readonly why: string | null;
}
