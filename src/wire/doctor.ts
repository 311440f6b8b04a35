/** The result of one check. `code` is stable. */
export interface FindingView {
  readonly level: "ok" | "warn" | "bad";
  readonly code: string;
  readonly what: string;
  /** Affected ids, names or paths, at most ten; `count` has the total. */
  readonly where: readonly string[];
  readonly count: number;
  readonly todo: string | null;
  /** The repair for it, if there is one. */
  readonly repair: string | null;
}

export interface RepairView {
  readonly repair: string;
  readonly what: string;
  readonly count: number;
  readonly where: readonly string[];
  /** How many were repaired; null if no repair was requested. */
  readonly mended: number | null;
}

/** The findings of the doctor, worst first. */
export interface DoctorReport {
  readonly level: "ok" | "warn" | "bad";
  readonly findings: readonly FindingView[];
  readonly repairs: readonly RepairView[];
}
