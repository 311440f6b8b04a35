/** Storage used by the runs of one workflow. Steps and bytes are estimates unless every run was sampled. */
export interface DefinitionSizesView {
  readonly definition: string;
  readonly runs: number;
  readonly startedLastDay: number;
  readonly sampled: number;
  readonly isEstimate: boolean;
  readonly steps: number;
  readonly inlineBytes: number;
  readonly payloadBytes: number;
  readonly fileBytes: number;
  readonly logLines: number;
  readonly logBytes: number;
  readonly bytes: number;
  readonly grownLastDay: number;
}

/** Storage use, largest first. */
export interface StoreSizesView {
  readonly bytes: number;
  readonly freeBytes: number;
  readonly walBytes: number;
  readonly definitions: readonly DefinitionSizesView[];
  readonly events: { readonly count: number; readonly bytes: number; readonly isEstimate: boolean };
  readonly artifacts: { readonly count: number; readonly bytes: number };
  readonly files: { readonly count: number; readonly bytes: number };
}

export interface EraseBody {
  readonly run?: string;
  readonly key?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  /** First cancels runs that have not ended, and waits for them. */
  readonly cancel?: boolean;
  /** Rewrites the whole file afterwards. */
  readonly vacuum?: boolean;
}

export interface ErasureView {
  readonly ids: readonly string[];
  readonly runs: number;
  readonly events: number;
  readonly files: number;
  readonly isDryRun: boolean;
  /** False if a copy may remain in the write-ahead log until a reader finishes. */
  readonly isScrubbed: boolean;
  /** False if free pages may contain parts of the data until the file is rewritten. */
  readonly isRewritten: boolean;
}
