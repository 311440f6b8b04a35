import type { Audit } from "./audit.ts";
import type { DefinitionKind, DefinitionRef, RunMark } from "./run.ts";
import type { RunStatus } from "./status.ts";

/** A package that a bundle does not include: the process that loads it must have it. */
export interface External {
  readonly name: string;
  readonly version: string;
}

/** The code of one definition file, by the hash of its body and externals. */
export interface Artifact {
  readonly hash: string;
  /** An ES module with its source map inline. */
  readonly body: string;
  readonly externals: readonly External[];
}

/** A definition found in a folder. */
export interface WantedVersion {
  readonly kind: DefinitionKind;
  readonly name: string;
  /** The author's version: the lowest number that it gets. */
  readonly version: number;
  readonly fingerprint: string;
  /** Its file, relative to the folder. */
  readonly file: string;
}

/** A version as recorded in the store. */
export interface KnownVersion {
  readonly definition: DefinitionRef;
  /** Null in an app that brings its own code: only the author's number identifies it. */
  readonly fingerprint: string | null;
  /** The version that its author set. */
  readonly authorVersion: number | null;
  readonly file: string | null;
  readonly createdAt: number | null;
  readonly deployedNo: number | null;
  readonly usedNo: number | null;
  /** Since when it accepts no new starts. */
  readonly drainedAt: number | null;
  /** Since when it has no runs left. */
  readonly retiredAt: number | null;
}

/** A version with what is left of it in the store. */
export interface VersionRow extends KnownVersion {
  readonly hasArtifact: boolean;
  /** Runs by status, exact. */
  readonly counts: Partial<Record<RunStatus, number>>;
}

/** The result of deploying one definition. */
export interface DeployedVersion {
  readonly definition: DefinitionRef;
  readonly authorVersion: number;
  readonly fingerprint: string;
  readonly isNew: boolean;
}

/** Deploys the current contents of a folder as versions, all or none. The store assigns the numbers. */
export interface Deploy {
  readonly kind: "deploy";
  /** Artifacts that the store may not have. */
  readonly artifacts: readonly Artifact[];
  readonly definitions: readonly WantedVersion[];
  /** A person requested it: new starts use these versions, whatever they used before. */
  readonly isRequested: boolean;
  readonly actor: string;
}

/** Stores a signed list of which version has which artifact. */
export interface SignVersions {
  readonly kind: "sign";
  readonly keyId: string;
  readonly body: string;
  readonly signature: string;
}

/** Selects the version for new starts, or drains one, on a person's request. */
export interface SetVersion {
  readonly kind: "set-version";
  readonly definition: DefinitionRef;
  readonly to: "used" | "drained";
  readonly audit: Audit;
}

/** Moves a run that no worker holds to another version, under a raised fence. */
export interface MoveRun {
  readonly kind: "move";
  readonly run: number;
  readonly seen: RunMark;
  readonly to: DefinitionRef;
  readonly audit: Audit;
}

export type VersionTransition = Deploy | SignVersions | SetVersion | MoveRun;

export type VersionOutcome =
  | { readonly ok: true; readonly at: number; readonly versions: readonly DeployedVersion[] }
  | { readonly ok: false; readonly why: "stale" };
