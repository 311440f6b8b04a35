import type { Engine } from "../kernel/engine/engine.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { DefinitionProblem } from "../wire/definition.ts";
import type { Metrics } from "./metrics.ts";
import type { StreamHub } from "./stream-hub.ts";

/** Where definitions came from, and what of it could not be loaded. */
export interface Loaded {
  readonly from: string;
  readonly problems: readonly DefinitionProblem[];
}

/** What the routes work with. */
export interface Services {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  /** Who acts, until there are accounts. */
  readonly actor: string;
  readonly pid: number;
  readonly hub: StreamHub;
  readonly metrics: Metrics;
  readonly loaded: () => Loaded;
  readonly routesEvents: boolean;
}
