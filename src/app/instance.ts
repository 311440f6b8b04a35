import { Engine } from "../kernel/engine/engine.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { About } from "../server/about.ts";
import { Metrics } from "../server/metrics.ts";
import { observeStore } from "../server/observed-store.ts";
import { readPages } from "../server/pages.ts";
import { type ApiServer, createServer } from "../server/server.ts";
import { workflowHandler } from "../workflows/handler.ts";
import { assemble, localActor } from "./baton.ts";
import { Versions, versionsFolder } from "./bundles/versions.ts";
import { createCipher, readSensitiveKeys } from "./cipher.ts";
import { consoleFolder } from "./console-folder.ts";
import { Drawings } from "./drawings/drawings.ts";
import { openGuide } from "./guide.ts";
import { type EffectiveConfig, localStorePath, storeOf } from "./load-config.ts";
import { DefinitionSet, type LoadedDefinitions } from "./load-definitions.ts";
import { knownSchema } from "./migrate-store.ts";
import { type Intervals, type OpenStore, openStore, openToRead } from "./open-store.ts";
import { LocalNotifier, silentLogger, systemClock, systemRandom } from "./platform.ts";
import { showStore } from "./store-address.ts";
import { batonVersion } from "./version.ts";

/**
 * What a process does with a store. `work`: owns it and runs what is ready. `act`: owns it, and changes only what it is
 * asked to change. `read`: looks at it, also beside an owner.
 */
export type Mode = "work" | "act" | "read";

/** One store with its engine and its API, in this process. */
export interface Instance {
  readonly engine: Engine;
  readonly api: ApiServer;
  readonly loaded: () => LoadedDefinitions;
  /** Reads definitions anew and registers what has changed. */
  reload(paths: readonly string[]): Promise<void>;
  readonly set: DefinitionSet;
  /** Tells other processes of this machine where this one is reached. */
  announce(url: string): Promise<void>;
  /** `guilty`: the run whose code makes this process end; all others are handed back, within a short grace. */
  close(guilty?: number): Promise<void>;
}

/** Neighbours of a run that makes the process end have this long to come to a stop, ms. */
const crashGraceMs = 1_000;

export interface InstanceOptions {
  readonly config: EffectiveConfig;
  readonly mode: Mode;
  readonly logger?: Logger;
  /** Values of `Host` that are this server. */
  readonly hosts: () => readonly string[];
}

/** Opens a store for one mode. Throws a `StoreError` that names the process which has it. */
export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const notifier = new LocalNotifier();
  const { store, feed, announce, intervals, hostFacts } = await openFor(options, notifier);
  try {
    const set = await loadSet(options);
    const metrics = new Metrics();
    const observed = observeStore(store, metrics, systemClock);
    const versions = options.mode === "read" ? null : await openVersions(options, set, observed);
    const engine = await openEngine(options, versions, observed, notifier, intervals);
    versions?.attach(engine);
    const isReadOnly = options.mode === "read" || options.config.readOnly.value;
    const source = options.config.given.guide;
    const ask = (request: Request): Response | Promise<Response> => api.fetch(request);
    const api: ApiServer = createServer({
      engine,
      metrics,
      feed,
      clock: systemClock,
      logger: options.logger ?? silentLogger,
      actor: localActor(),
      pid: process.pid,
      about: aboutOf(options.config),
      hosts: options.hosts,
      loaded: () => set.loaded,
      versions,
      isReadOnly,
      guide: source === undefined ? null : openGuide({ source, fetch: ask, hosts: options.hosts, isReadOnly }),
      drawings: new Drawings(observed, () => engine),
      routesEvents: options.mode === "work",
      ...(hostFacts === null ? {} : { hostFacts }),
      knownSchema: knownSchema(),
      pages: readPages(consoleFolder()),
    });
    return {
      engine,
      api,
      set,
      announce,
      loaded: () => set.loaded,
      reload: async (paths) => versions?.follow(paths),
      close: async (guilty) => {
        api.close();
        const graceMs = options.config.shutdownGraceMs.value;
        if (options.mode === "work")
          await (guilty === undefined ? engine.stop(graceMs) : engine.stop(Math.min(graceMs, crashGraceMs), guilty));
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function aboutOf(config: EffectiveConfig): About {
  const address = storeOf(config);
  return {
    version: batonVersion(),
    node: process.version,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    store: { kind: address.kind, address: showStore(address) },
  };
}

async function openFor({ config, mode }: InstanceOptions, notifier: LocalNotifier): Promise<OpenStore> {
  const address = storeOf(config);
  if (mode !== "read") return openStore(address, notifier, { offloadOver: config.offloadOver.value });
  return openToRead(address, notifier);
}

/** Looking at a store needs no definitions, and loading them runs people's code. */
async function loadSet({ config, mode }: InstanceOptions): Promise<DefinitionSet> {
  return mode === "read" ? DefinitionSet.empty(config) : DefinitionSet.load(config, versionsFolder(config));
}

/** What the folder holds gets its versions before anything runs. */
async function openVersions(
  { logger = silentLogger }: InstanceOptions,
  set: DefinitionSet,
  store: Store,
): Promise<Versions> {
  const versions = new Versions({ store, set, logger, clock: systemClock, actor: localActor() });
  await versions.open();
  return versions;
}

async function openEngine(
  { config, mode, logger = silentLogger }: InstanceOptions,
  versions: Versions | null,
  store: Store,
  notifier: LocalNotifier,
  intervals: Intervals,
): Promise<Engine> {
  const parts = { store, notifier, clock: systemClock, random: systemRandom, logger, intervals };
  const { sensitiveKey } = config.given;
  const { definitions, used } = (await versions?.current()) ?? { definitions: [], used: new Map() };
  const find = versions?.find.bind(versions);
  if (mode === "work") {
    const { retention } = config;
    const baton = await assemble(
      {
        definitions,
        sensitiveKey: readSensitiveKeys(sensitiveKey, localStorePath(config)),
        slots: config.slots.value,
        ...(config.queues.value === null ? {} : { queues: config.queues.value }),
        retention: {
          completed: retention.completedMs.value,
          failed: retention.failedMs.value,
          cancelled: retention.cancelledMs.value,
          events: retention.eventsMs.value,
        },
      },
      find === undefined ? parts : { ...parts, versions: { find, used } },
    );
    return baton.engine;
  }
  const engine = new Engine({
    ...parts,
    name: `pid ${process.pid}`,
    cipher: createCipher(readSensitiveKeys(sensitiveKey, localStorePath(config))),
    ...(find === undefined ? {} : { findHandler: find }),
  });
  for (const definition of definitions) engine.register(workflowHandler(definition, engine));
  for (const [name, version] of used) engine.use(name, version);
  return engine;
}
