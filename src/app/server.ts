import type { Logger } from "../kernel/ports/logger.ts";
import { listen } from "../server/listen.ts";
import type { DefinitionProblem } from "../wire/definition.ts";
import { warnOfAmbientUse } from "./ambient-warning.ts";
import { makeKeyFile, readSensitiveKeys } from "./cipher.ts";
import { type Instance, openInstance } from "./instance.ts";
import { type EffectiveConfig, localStorePath, storeOf } from "./load-config.ts";
import { showStore } from "./store-address.ts";
import { watchDefinitions } from "./watch-definitions.ts";

export interface ServeOptions {
  readonly config: EffectiveConfig;
  readonly logger?: Logger;
  /** Reloads definitions when they change, as in `baton dev`. */
  readonly isWatching?: boolean;
  /** Whether it executes runs. False: it only serves. Default true. */
  readonly works?: boolean;
  /** Called after each reload. */
  readonly onReload?: (loaded: { names: readonly string[]; problems: readonly DefinitionProblem[] }) => void;
}

/** A running server. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** The requested port if another process has it, otherwise null. */
  readonly takenPort: number | null;
  /** The store's address without its password. */
  readonly store: string;
  readonly instance: Instance;
  /** Stops taking runs, lets running steps end and hands the remaining runs back. */
  close(): Promise<void>;
  /** Stops faster, because the code of this run makes the process end. This run is not handed back. */
  crash(offendingRun: number): Promise<void>;
}

/** Grace period for running requests when the server stops. Live streams end before that. */
const requestGraceMs = 1_000;

/** Opens the store, loads the definitions, executes runs, and serves the API to this machine only. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { config } = options;
  const asked = config.port.value;
  let port = asked;
  // Development mode needs no setup: sensitive values get a generated key.
  if (options.isWatching && readSensitiveKeys(config.given.sensitiveKey, localStorePath(config)).length === 0)
    makeKeyFile(localStorePath(config));
  const hosts = (): readonly string[] => hostsOf(config.host.value, port);
  const instance = await openInstance({
    config,
    hosts,
    mode: options.works === false ? "act" : "work",
    ...(options.logger ? { logger: options.logger } : {}),
  });
  try {
    const listening = await listen(instance.api, config.host.value, asked);
    port = listening.port;
    const host = config.host.value;
    const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
    await instance.announce(url);
    const stopWatching = options.isWatching ? follow(instance, options) : (): void => {};
    const stopWarning = options.isWatching && options.logger ? warnOfAmbientUse(options.logger) : (): void => {};
    return {
      url,
      port,
      instance,
      takenPort: asked !== 0 && asked !== port ? asked : null,
      store: showStore(storeOf(config)),
      close: async () => {
        stopWatching();
        stopWarning();
        instance.api.close();
        await listening.close(requestGraceMs);
        await instance.close();
      },
      crash: async (offendingRun) => {
        stopWatching();
        await Promise.all([instance.close(offendingRun), listening.close(requestGraceMs)]);
      },
    };
  } catch (error) {
    await instance.close();
    throw error;
  }
}

/** Names of the loopback address. `loadConfig` refuses any other host. */
function hostsOf(host: string, port: number): readonly string[] {
  return [...new Set(["localhost", "127.0.0.1", "[::1]", host])].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`],
  );
}

function follow(instance: Instance, { onReload, logger }: ServeOptions): () => void {
  return watchDefinitions(instance.set, async (paths) => {
    try {
      await instance.reload(paths);
    } catch (error) {
      logger?.log("error", "the definitions could not be reloaded; the previous ones stay loaded", {
        error: String(error),
      });
      return;
    }
    const { definitions, problems } = instance.loaded();
    onReload?.({ names: definitions.map((definition) => definition.name), problems });
  });
}
