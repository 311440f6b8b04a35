/** Room that one definition's runs take. Steps and bytes are estimates unless every run was sampled. */
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

/** What takes room in a store, largest first. */
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
  /** Cancels runs that are not at rest, and waits until they are. */
  readonly cancel?: boolean;
  /** Writes the whole file anew afterwards. */
  readonly vacuum?: boolean;
}

export interface ErasureView {
  readonly ids: readonly string[];
  readonly runs: number;
  readonly events: number;
  readonly files: number;
  readonly isDryRun: boolean;
  /** False: a copy may be left in the log beside the file until its reader is gone. */
  readonly isScrubbed: boolean;
  /** False: unused corners of pages may hold parts of it until the file is written anew. */
  readonly isRewritten: boolean;
}
