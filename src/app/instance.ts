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
import { LoneProcess } from "./lone/lone-process.ts";
import { knownSchema } from "./migrate-store.ts";
import { type Intervals, type OpenStore, openStore, openToRead } from "./open-store.ts";
import { LocalNotifier, silentLogger, systemClock, systemRandom } from "./platform.ts";
import { showStore } from "./store-address.ts";
import { batonVersion } from "./version.ts";

/**
 * What a process does with a store. `work`: owns it and executes ready runs. `act`: owns it, and makes only requested
 * changes. `read`: only reads it, also while another process owns it.
 */
export type Mode = "work" | "act" | "read";

/** A store with its engine and its API, in this process. */
export interface Instance {
  readonly engine: Engine;
  readonly api: ApiServer;
  readonly loaded: () => LoadedDefinitions;
  /** Reloads definitions and registers what has changed. */
  reload(paths: readonly string[]): Promise<void>;
  readonly set: DefinitionSet;
  /** Counts a rejected promise that belongs to no run for certain. */
  countRejection(): void;
  /** Publishes the address of this process to other processes on this machine. */
  announce(url: string): Promise<void>;
  /**
   * `offendingRun`: the run whose code makes this process end. All other runs are handed back, within a short grace
   * period.
   */
  close(offendingRun?: number): Promise<void>;
}

/** Grace period for the other runs when a run makes the process end, ms. */
const crashGraceMs = 1_000;

export interface InstanceOptions {
  readonly config: EffectiveConfig;
  readonly mode: Mode;
  readonly logger?: Logger;
  /** Values of the `Host` header that name this server. */
  readonly hosts: () => readonly string[];
}

/** Opens a store in one mode. Throws a `StoreError` that names the process that has it open. */
export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const notifier = new LocalNotifier();
  const { store, feed, announce, intervals, hostFacts } = await openFor(options, notifier);
  try {
    const set = await loadSet(options);
    const metrics = new Metrics();
    const observed = observeStore(store, metrics, systemClock);
    const versions = options.mode === "read" ? null : await openVersions(options, set, observed);
    const lone =
      versions === null || options.mode !== "work"
        ? null
        : new LoneProcess({ place: set.place, find: (definition) => versions.codeOf(definition) });
    const engine = await openEngine(options, versions, lone, { store: observed, notifier, intervals });
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
      countRejection: () => metrics.countRejection(),
      loaded: () => set.loaded,
      reload: async (paths) => versions?.follow(paths),
      close: async (offendingRun) => {
        api.close();
        const graceMs = options.config.shutdownGraceMs.value;
        if (options.mode === "work")
          await (offendingRun === undefined
            ? engine.stop(graceMs)
            : engine.stop(Math.min(graceMs, crashGraceMs), offendingRun));
        lone?.close();
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

/** Reading a store needs no definitions, and loading them would run user code. */
async function loadSet({ config, mode }: InstanceOptions): Promise<DefinitionSet> {
  return mode === "read" ? DefinitionSet.empty(config) : DefinitionSet.load(config, versionsFolder(config));
}

/** Assigns versions to the definitions in the folder before anything runs. */
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
  lone: LoneProcess | null,
  opened: { readonly store: Store; readonly notifier: LocalNotifier; readonly intervals: Intervals },
): Promise<Engine> {
  const parts = {
    ...opened,
    clock: systemClock,
    random: systemRandom,
    logger,
    ...(lone === null ? {} : { loneEvaluator: lone }),
  };
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
        routing: { limit: config.routingLimitMs.value },
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
