import type { Engine } from "../kernel/engine/engine.ts";
import type { Moved, MoveRequest } from "../kernel/engine/rehearsals.ts";
import type { Audit } from "../kernel/model/audit.ts";
import type { HostFacts } from "../kernel/model/doctor.ts";
import type { DefinitionRef } from "../kernel/model/run.ts";
import type { DeployedVersion, SetVersion, VersionRow } from "../kernel/model/version.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { DefinitionProblem } from "../wire/definition.ts";
import type { Graph, VersionDiff } from "../wire/graph.ts";
import type { Guide, GuideActed } from "../wire/guide.ts";
import type { About } from "./about.ts";
import type { Metrics } from "./metrics.ts";
import type { StreamHub } from "./stream-hub.ts";

/** Where definitions came from, and what of it could not be loaded. */
export interface Loaded {
  readonly from: string;
  readonly problems: readonly DefinitionProblem[];
}

/** Versions of this process, where it has any. */
export interface VersionService {
  /** Those that stand ready besides the ones that are registered. */
  readonly ready: readonly DefinitionRef[];
  /** Why one could not be loaded here, or null. */
  objection(version: VersionRow): Promise<string | null>;
  deployNow(): Promise<readonly DeployedVersion[]>;
  change(definition: DefinitionRef, to: SetVersion["to"], audit: Audit): Promise<void>;
  move(request: MoveRequest): AsyncIterable<Moved>;
}

/** The guide of this server's config file. */
export interface GuideService {
  read(): Promise<Guide>;
  /** Does one act. Throws `not-found`, `illegal` with the reason, or what the act threw. */
  act(id: string): Promise<GuideActed>;
}

/** Draws definitions from their source; throws `not-found` where that is not to be had. */
export interface DrawingService {
  graph(name: string, version: number): Promise<Graph>;
  diff(name: string, a: number, b: number): Promise<VersionDiff>;
}

/** What the routes work with. */
export interface Services {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  /** Who acts, until there are accounts. */
  readonly actor: string;
  readonly pid: number;
  readonly about: About;
  readonly startedAt: number;
  readonly isReadOnly: boolean;
  readonly hub: StreamHub;
  readonly metrics: Metrics;
  readonly loaded: () => Loaded;
  readonly drawings: DrawingService;
  /** Null where nothing runs. */
  readonly versions: VersionService | null;
  /** Null without one. */
  readonly guide: GuideService | null;
  readonly routesEvents: boolean;
  /** What surrounds the store; null where nobody can tell. */
  readonly hostFacts: () => HostFacts | null;
  /** The newest schema that this Baton knows. */
  readonly knownSchema: number | null;
}
