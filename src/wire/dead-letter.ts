/** Runs that need a person for one cause. */
export interface DeadLetterGroup {
  readonly fingerprint: string;
  /** Of the definition. */
  readonly name: string;
  readonly step: string | null;
  readonly message: string;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** The newest run of the group. */
  readonly sample: string;
}
