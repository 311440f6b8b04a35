import type { DefinitionProblem } from "./definition.ts";
import type { DefinitionKind } from "./status.ts";

/** `POST /api/deployments`: the definitions in the server's own folder. Code is never sent over this API. */
export interface Deployment {
  readonly items: readonly DeployedVersion[];
  /** Files that could not be deployed. */
  readonly problems: readonly DefinitionProblem[];
}

export interface DeployedVersion {
  readonly name: string;
  readonly version: number;
  readonly kind: DefinitionKind;
  readonly fingerprint: string;
  /** False if the same content was already deployed under this number. */
  readonly isNew: boolean;
}

/** Body of `POST /api/definitions/{name}/use` and `…/drain`. */
export interface VersionBody {
  readonly version: number;
  /** Written to the audit log. */
  readonly reason?: string;
}

/** Body of `POST /api/definitions/{name}/move`. */
export interface MoveBody {
  readonly from: number;
  /** Default: the version for new runs. */
  readonly to?: number;
  /** Only this run, by its full id. */
  readonly run?: string;
  readonly reason?: string;
  /** Checks compatibility without moving runs. */
  readonly dryRun?: boolean;
}

/** The result of moving the runs of one version. Lists have the first 1,000. */
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

/** A run that was not moved. The step keys are set if its history differs from the code. */
export interface LeftRun {
  readonly run: string;
  readonly reason: string;
  readonly recorded?: readonly string[];
  readonly asked?: readonly string[];
}
