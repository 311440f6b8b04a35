/** Dead letters with the same error. */
export interface DeadLetterGroup {
  readonly fingerprint: string;
  /** Name of the workflow. */
  readonly name: string;
  readonly step: string | null;
  readonly message: string;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** The newest run of the group. */
  readonly sample: string;
  /** Versions of its newest runs. */
  readonly versions: readonly number[];
  /** Failures in each of the last 24 hours, oldest first. In a very large group, only its newest runs are counted. */
  readonly hours: readonly number[];
}
