import type { Duration } from "../stdx/duration.ts";
import type { AnyWorkflow } from "../workflows/definition.ts";
import type { GuideSource } from "./guide.ts";

/** Any definition. Today only workflows; the other layers will join this union. */
export type Definition = AnyWorkflow;

/** Configuration of a server or a library instance. Every setting has a default. */
export interface BatonConfig {
  /**
   * `sqlite:<path>`, or `postgres://user:password@host/database?schema=baton` for many workers. Default
   * `sqlite:./baton.db`; `BATON_STORE` overrides it.
   */
  store?: string;
  definitions?: readonly Definition[];
  /** Folder whose files export definitions, for `baton dev` and `baton start`. Default `./workflows`. */
  folder?: string;
  /** Packages to leave out of the bundles of definitions, for those that cannot be bundled. Default none. */
  external?: readonly string[];
  /** Default 4440, or the next free port. `BATON_PORT` overrides it; 0 takes any free port. */
  port?: number;
  /** Maximum number of runs that this process holds in memory. Default 1,000. */
  slots?: number;
  /** Queues that this process takes runs from, of those that workflows name. Default all. */
  queues?: readonly string[];
  /** Values larger than `over` bytes are stored in files next to the store. Default 256 KiB. */
  offload?: { over?: number };
  /**
   * How long ended runs and events are kept. Defaults: `completed` 30 d, `failed` 90 d, `cancelled` as `completed`,
   * `events` 7 d.
   */
  retention?: { completed?: Duration; failed?: Duration; cancelled?: Duration; events?: Duration };
  /**
   * `limit`: how long the input schema, key and limits of a workflow may take to evaluate an event that starts it.
   * Default 10 s.
   */
  routing?: { limit?: Duration };
  /** How long shutdown waits for running steps. Default 10 s. */
  shutdownGrace?: Duration;
  /**
   * Keys that encrypt sensitive values: 32 characters or more, such as the output of `openssl rand -hex 32`. The first
   * key encrypts; further keys only decrypt values that they encrypted. Default: `BATON_SENSITIVE_KEY`, or the file
   * that `BATON_SENSITIVE_KEY_FILE` names.
   */
  sensitiveKey?: string | readonly string[];
  /** Refuses every request that would change something. */
  readOnly?: boolean;
  /** A checklist for the first minutes with this project, on the console's start page and at `/api/guide`. */
  guide?: GuideSource;
}

/** Gives a `baton.config.ts` its type. */
export function defineConfig(config: BatonConfig): BatonConfig {
  return config;
}

export const defaultPort = 4440;
