import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import { parseDuration } from "../stdx/duration.ts";
import { packageOf } from "./bundles/externals.ts";
import { type BatonConfig, defaultPort } from "./config.ts";
import { findConfigFile, readConfigFile } from "./config-file.ts";
import { readCount, readHost, readOffload, readPort, readQueues, readStore, readSwitch } from "./config-values.ts";
import { shown } from "./load-problem.ts";
import { defaultStore, localPath, readStoreAddress, type StoreAddress } from "./store-address.ts";

/**
 * Settings from the command line. They take precedence over the environment, which takes precedence over the config
 * file.
 */
export interface ConfigFlags {
  readonly config?: string;
  readonly store?: string;
  readonly folder?: string;
  readonly host?: string;
  readonly port?: string;
  readonly slots?: string;
  readonly queues?: string;
  readonly readOnly?: boolean;
  /** Does not read the config file, because reading it runs user code. */
  readonly withoutFile?: boolean;
}

/** A value and its source. */
export interface Setting<T> {
  readonly value: T;
  readonly from: string;
}

/** The effective configuration of this process. Paths are absolute. */
export interface EffectiveConfig {
  /** The config file, or null. */
  readonly file: string | null;
  readonly store: Setting<string>;
  /** The folder to search for definitions, in addition to those in the config file. Null: none. */
  readonly folder: Setting<string | null>;
  /** A loopback address. */
  readonly host: Setting<string>;
  readonly port: Setting<number>;
  /** Packages to leave out of the bundles of definitions. */
  readonly external: readonly string[];
  readonly slots: Setting<number>;
  readonly queues: Setting<readonly string[] | null>;
  /** Bytes. */
  readonly offloadOver: Setting<number>;
  readonly shutdownGraceMs: Setting<number>;
  readonly routingLimitMs: Setting<number>;
  readonly readOnly: Setting<boolean>;
  readonly retention: {
    readonly completedMs: Setting<number>;
    readonly failedMs: Setting<number>;
    readonly cancelledMs: Setting<number>;
    readonly eventsMs: Setting<number>;
  };
  /** The config file as written. */
  readonly given: BatonConfig;
}

/** The sources of a setting, in order of precedence. `own` is the value in the config file. */
interface Places<Given, T> {
  readonly flag?: readonly [name: string, given: Given | undefined];
  readonly variable: string;
  readonly own?: Given | undefined;
  readonly fallback: T;
  readonly read: (given: Given | string) => T;
}

/** Finds and reads the configuration of this process. Throws `invalid-config` with the place. */
export async function loadConfig(
  flags: ConfigFlags = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<EffectiveConfig> {
  const file = flags.withoutFile ? null : findConfigFile(flags.config ?? env["BATON_CONFIG"]);
  const given = file === null ? {} : await readConfigFile(file);
  const base = file === null ? process.cwd() : dirname(file);
  const pick = <Given, T>(places: Places<Given, T>): Setting<T> => pickSetting(places, env, file);
  const length = (variable: string, own: string | number | undefined, fallback: number): Setting<number> =>
    pick<string | number, number>({ variable, own, fallback, read: parseDuration });
  const { retention } = given;
  const completedMs = length("BATON_RETENTION_COMPLETED", retention?.completed, defaults.retention.completedMs);
  return {
    file,
    given,
    external: readExternal(given.external ?? [], file),
    store: pick({
      flag: ["--store", flags.store],
      variable: "BATON_STORE",
      // Paths in the config file are relative to the file; paths on the command line are relative to the current
      // folder.
      own: given.store === undefined ? undefined : readStore(given.store, base),
      fallback: readStore(defaultStore, process.cwd()),
      read: (store) => readStore(store, process.cwd()),
    }),
    folder: pick<string, string | null>({
      flag: ["folder", flags.folder],
      variable: "BATON_FOLDER",
      own: given.folder === undefined ? undefined : resolve(base, given.folder),
      fallback: given.definitions === undefined ? defaultFolder(base, file !== null) : null,
      read: (folder) => resolve(folder),
    }),
    host: pick({ flag: ["--host", flags.host], variable: "BATON_HOST", fallback: "127.0.0.1", read: readHost }),
    port: pick<string | number, number>({
      flag: ["--port", flags.port],
      variable: "BATON_PORT",
      own: given.port,
      fallback: defaultPort,
      read: readPort,
    }),
    slots: pick<string | number, number>({
      flag: ["--slots", flags.slots],
      variable: "BATON_SLOTS",
      own: given.slots,
      fallback: defaults.heldMax,
      read: readCount,
    }),
    queues: pick<string | readonly string[], readonly string[] | null>({
      flag: ["--queues", flags.queues],
      variable: "BATON_QUEUES",
      own: given.queues,
      fallback: null,
      read: readQueues,
    }),
    offloadOver: pick({
      variable: "BATON_OFFLOAD_OVER",
      own: given.offload?.over,
      fallback: defaults.offloadOver,
      read: readOffload,
    }),
    readOnly: pick({
      flag: ["--read-only", flags.readOnly],
      variable: "BATON_READ_ONLY",
      own: given.readOnly,
      fallback: false,
      read: readSwitch,
    }),
    shutdownGraceMs: length("BATON_SHUTDOWN_GRACE", given.shutdownGrace, defaults.shutdownGraceMs),
    routingLimitMs: length("BATON_ROUTING_LIMIT", given.routing?.limit, defaults.routing.limitMs),
    retention: {
      completedMs,
      failedMs: length("BATON_RETENTION_FAILED", retention?.failed, defaults.retention.failedMs),
      cancelledMs: length("BATON_RETENTION_CANCELLED", retention?.cancelled, completedMs.value),
      eventsMs: length("BATON_RETENTION_EVENTS", retention?.events, defaults.retention.eventMs),
    },
  };
}

/** Whole packages only: a path inside a package would leave out only a part of it. */
function readExternal(given: readonly string[], file: string | null): readonly string[] {
  const isList = Array.isArray(given) && given.every((name) => typeof name === "string" && packageOf(name) === name);
  if (isList) return given;
  throw new BatonError("invalid-config", `${shown(file ?? "")}: external must be a list of package names`, {
    hint: 'for example external: ["sharp", "@scope/name"]',
  });
}

function pickSetting<Given, T>(
  { flag, variable, own, fallback, read }: Places<Given, T>,
  env: NodeJS.ProcessEnv,
  file: string | null,
): Setting<T> {
  const [name, flagged] = flag ?? ["", undefined];
  if (flagged !== undefined) return readSetting(name, flagged, read);
  const text = env[variable];
  if (text !== undefined && text !== "") return readSetting(variable, text, read);
  if (own !== undefined) return readSetting(shown(file ?? ""), own, read);
  return { value: fallback, from: "default" };
}

function readSetting<Given, T>(from: string, given: Given, read: (given: Given) => T): Setting<T> {
  try {
    return { value: read(given), from };
  } catch (cause) {
    if (cause instanceof BatonError) throw cause;
    throw new BatonError("invalid-config", `${from}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: "show every effective setting with: baton config",
      cause,
    });
  }
}

/** `./workflows` if it exists. Without a config file, the current folder may also hold definitions. */
function defaultFolder(base: string, hasFile: boolean): string | null {
  const usual = resolve(base, "workflows");
  if (existsSync(usual)) return usual;
  return hasFile ? null : base;
}

/** The store from flags or the environment, without reading the config file, which would run user code. */
export function namedStore(flags: ConfigFlags, env: NodeJS.ProcessEnv = process.env): StoreAddress | null {
  const named = flags.store ?? env["BATON_STORE"];
  return named === undefined || named === "" ? null : readStoreAddress(readStore(named, process.cwd()));
}

export function storeOf(config: EffectiveConfig): StoreAddress {
  return readStoreAddress(config.store.value);
}

/** The path of a store file. For a PostgreSQL store: the path under which this machine keeps its own files of it. */
export function localStorePath(config: EffectiveConfig): string {
  return localPath(storeOf(config), process.cwd());
}
