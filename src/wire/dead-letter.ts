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
  /** Versions that its newest runs had. */
  readonly versions: readonly number[];
  /** Runs that fell into it in each of the last 24 hours, oldest first; of a huge group, its newest runs. */
  readonly hours: readonly number[];
}
