import type { Duration } from "../stdx/duration.ts";
import type { AnyWorkflow } from "../workflows/definition.ts";
import type { GuideSource } from "./guide.ts";

/** Any definition. Today these are workflows; the other layers join this union. */
export type Definition = AnyWorkflow;

/** What a server or a library instance is made of. All of it has a default. */
export interface BatonConfig {
  /**
   * `sqlite:<path>`, or `postgres://user:password@host/database?schema=baton` for many workers. Default
   * `sqlite:./baton.db`; `BATON_STORE` overrides it.
   */
  store?: string;
  definitions?: readonly Definition[];
  /** Folder whose files export definitions, for `baton dev` and `baton start`. Default `./workflows`. */
  folder?: string;
  /** Packages that stay outside the bundles of definitions: those that a bundle cannot hold. Default none. */
  external?: readonly string[];
  /** Default 4440, or the next free one; `BATON_PORT` overrides it, 0 takes any free one. */
  port?: number;
  /** Runs that this process holds in memory at once. Default 1,000. */
  slots?: number;
  /** Queues whose runs this process works on, of those that workflows name. Default all. */
  queues?: readonly string[];
  /** Values of more bytes lie in files beside the store. Default 256 KiB. */
  offload?: { over?: number };
  /** How long ended runs and events are kept. Default 30 d, 90 d, as completed, 7 d. */
  retention?: { completed?: Duration; failed?: Duration; cancelled?: Duration; events?: Duration };
  /** How long a stop waits for steps under way. Default 10 s. */
  shutdownGrace?: Duration;
  /**
   * Seals sensitive values: 32 characters or more, such as `openssl rand -hex 32`; the first one seals, further ones only
   * open what they have sealed. Default: `BATON_SENSITIVE_KEY`, or the file that `BATON_SENSITIVE_KEY_FILE` names.
   */
  sensitiveKey?: string | readonly string[];
  /** Serves no request that changes anything. */
  readOnly?: boolean;
  /** A checklist for the first minutes with this project, on the console's first page and at `/api/guide`. */
  guide?: GuideSource;
}

/** Types a `baton.config.ts`. */
export function defineConfig(config: BatonConfig): BatonConfig {
  return config;
}

export const defaultPort = 4440;
