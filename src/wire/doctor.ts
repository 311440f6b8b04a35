/** One thing that the doctor has looked at. `code` is stable. */
export interface FindingView {
  readonly level: "ok" | "warn" | "bad";
  readonly code: string;
  readonly what: string;
  /** Ids, names or paths that it is about, at most ten; `count` says how many there are. */
  readonly where: readonly string[];
  readonly count: number;
  readonly todo: string | null;
  /** The repair that mends it, when there is one. */
  readonly repair: string | null;
}

export interface RepairView {
  readonly repair: string;
  readonly what: string;
  readonly count: number;
  readonly where: readonly string[];
  /** How many it has mended; null: it was not asked for. */
  readonly mended: number | null;
}

/** What the doctor says, worst first. */
export interface DoctorReport {
  readonly level: "ok" | "warn" | "bad";
  readonly findings: readonly FindingView[];
  readonly repairs: readonly RepairView[];
}
