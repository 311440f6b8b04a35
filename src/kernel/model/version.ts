import type { Audit } from "./audit.ts";
import type { DefinitionKind, DefinitionRef, RunMark } from "./run.ts";
import type { RunStatus } from "./status.ts";

/** Something that a bundle leaves outside: the process that loads it must have it. */
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

/** A definition that a folder holds. */
export interface WantedVersion {
  readonly kind: DefinitionKind;
  readonly name: string;
  /** The author's: the number that it gets at least. */
  readonly version: number;
  readonly fingerprint: string;
  /** Where it was written, as its folder names it. */
  readonly file: string;
}

/** A version as the store knows it. */
export interface KnownVersion {
  readonly definition: DefinitionRef;
  /** Null in an app that brings its own code: there the author's number is all there is. */
  readonly fingerprint: string | null;
  /** What its author wrote as its version. */
  readonly authorVersion: number | null;
  readonly file: string | null;
  readonly createdAt: number | null;
  readonly deployedNo: number | null;
  readonly usedNo: number | null;
  /** Since when it takes no new starts. */
  readonly drainedAt: number | null;
  /** Since when nothing of it is left. */
  readonly retiredAt: number | null;
}

/** A version with what is left of it. */
export interface VersionRow extends KnownVersion {
  readonly hasArtifact: boolean;
  /** Runs by status, exact. */
  readonly counts: Partial<Record<RunStatus, number>>;
}

/** What a deployment made of one definition. */
export interface DeployedVersion {
  readonly definition: DefinitionRef;
  readonly authorVersion: number;
  readonly fingerprint: string;
  readonly isNew: boolean;
}

/** What a folder holds now becomes versions; the store gives the numbers. All of it or none. */
export interface Deploy {
  readonly kind: "deploy";
  /** Those that the store may lack. */
  readonly artifacts: readonly Artifact[];
  readonly definitions: readonly WantedVersion[];
  /** A person asked for it: then these versions serve new starts, whatever did before. */
  readonly isRequested: boolean;
  readonly actor: string;
}

/** Keeps a signed list that says which version has which artifact. */
export interface SignVersions {
  readonly kind: "sign";
  readonly keyId: string;
  readonly body: string;
  readonly signature: string;
}

/** A person chooses the version for new starts, or drains one. */
export interface SetVersion {
  readonly kind: "set-version";
  readonly definition: DefinitionRef;
  readonly to: "used" | "drained";
  readonly audit: Audit;
}

/** A run that nobody holds goes on with another version, under a raised fence. */
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
