import type { ErrorRecord } from "./errors.ts";
import type { AttemptRecord, RecordedEntry, Wait } from "./journal.ts";
import type { Reason } from "./reason.ts";
import type { DefinitionKind } from "./run.ts";
import type { RunStatus } from "./status.ts";

/** The format of the file that `baton export` writes. Newer formats are refused. */
export const fixtureFormat = "baton-run";
export const fixtureVersion = 1;

/**
 * One run as a file: everything that a replay needs, and how the run was identified. Values are JSON texts as recorded,
 * so that nothing is altered.
 */
export interface RunFixture {
  readonly format: typeof fixtureFormat;
  readonly formatVersion: number;
  /** RFC 3339. */
  readonly exportedAt: string;
  readonly definition: {
    readonly kind: DefinitionKind;
    readonly name: string;
    readonly version: number;
    /** Hash of its bundle; null if definitions are not bundled. */
    readonly fingerprint: string | null;
  };
  readonly run: {
    readonly id: string;
    readonly key: string | null;
    readonly status: RunStatus;
    readonly round: number;
    readonly attributes: Readonly<Record<string, unknown>> | null;
    readonly input: string | null;
    readonly output: string | null;
    readonly error: ErrorRecord | null;
    readonly step: string | null;
    readonly reason: Reason | null;
    readonly createdAt: number;
    readonly endedAt: number | null;
  };
  readonly entries: readonly RecordedEntry[];
  readonly attempts: readonly AttemptRecord[];
  readonly waits: readonly Wait[];
  readonly children: readonly { readonly id: string; readonly key: string; readonly status: RunStatus }[];
}
