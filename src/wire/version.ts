import type { DefinitionProblem } from "./definition.ts";
import type { DefinitionKind } from "./status.ts";

/** `POST /api/deployments`: what the server's own folder held. Code never travels over this API. */
export interface Deployment {
  readonly items: readonly DeployedVersion[];
  /** Files that were left out. */
  readonly problems: readonly DefinitionProblem[];
}

export interface DeployedVersion {
  readonly name: string;
  readonly version: number;
  readonly kind: DefinitionKind;
  readonly fingerprint: string;
  /** False: the same content was deployed before, under the same number. */
  readonly isNew: boolean;
}

/** Body of `POST /api/definitions/{name}/use` and `…/drain`. */
export interface VersionBody {
  readonly version: number;
  /** Kept in the audit. */
  readonly reason?: string;
}

/** Body of `POST /api/definitions/{name}/move`. */
export interface MoveBody {
  readonly from: number;
  /** Default the version that new starts get. */
  readonly to?: number;
  /** This run only, by its whole id. */
  readonly run?: string;
  readonly reason?: string;
  /** Rehearses and moves nothing. */
  readonly dryRun?: boolean;
}

/** What became of the runs of one version. The lists hold the first 1,000. */
export interface MovedRuns {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly dryRun: boolean;
  readonly movedCount: number;
  readonly leftCount: number;
  readonly moved: readonly string[];
  readonly left: readonly LeftRun[];
}

/** A run that was not moved. The keys are there when its history disagrees with the code. */
export interface LeftRun {
  readonly run: string;
  readonly reason: string;
  readonly recorded?: readonly string[];
  readonly asked?: readonly string[];
}
