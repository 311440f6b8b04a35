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

/** Where definitions were loaded from, and what could not be loaded. */
export interface Loaded {
  readonly from: string;
  readonly problems: readonly DefinitionProblem[];
}

/** Versions of this process, if it has any. */
export interface VersionService {
  /** Loaded versions in addition to the registered ones. */
  readonly ready: readonly DefinitionRef[];
  /** Why a version could not be loaded here, or null. */
  objection(version: VersionRow): Promise<string | null>;
  deployNow(): Promise<readonly DeployedVersion[]>;
  change(definition: DefinitionRef, to: SetVersion["to"], audit: Audit): Promise<void>;
  move(request: MoveRequest): AsyncIterable<Moved>;
}

/** The guide of this server's config file. */
export interface GuideService {
  read(): Promise<Guide>;
  /** Performs an action. Throws `not-found`, `illegal` with the reason, or the error of the action. */
  act(id: string): Promise<GuideActed>;
}

/** Draws graphs of definitions from their source. Throws `not-found` if the source is unavailable. */
export interface DrawingService {
  graph(name: string, version: number): Promise<Graph>;
  diff(name: string, a: number, b: number): Promise<VersionDiff>;
}

/** What the routes use. */
export interface Services {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  /** The actor of all requests, until there are user accounts. */
  readonly actor: string;
  readonly pid: number;
  readonly about: About;
  readonly startedAt: number;
  readonly isReadOnly: boolean;
  readonly hub: StreamHub;
  readonly metrics: Metrics;
  readonly loaded: () => Loaded;
  readonly drawings: DrawingService;
  /** Null if this process executes nothing. */
  readonly versions: VersionService | null;
  /** Null without a guide. */
  readonly guide: GuideService | null;
  readonly routesEvents: boolean;
  /** Facts about the machine of the store; null if unknown. */
  readonly hostFacts: () => HostFacts | null;
  /** The newest schema that this Baton version supports. */
  readonly knownSchema: number | null;
}
