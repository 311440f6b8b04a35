import { existsSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import { parseDuration } from "../stdx/duration.ts";
import { type BatonConfig, defaultPort, defaultStore, sqlitePath } from "./config.ts";
import { describeProblem, loadProblem, shown } from "./load-problem.ts";
import { UserModules } from "./modules.ts";

/** What the command line was given; it goes before the environment, and that before the config file. */
export interface ConfigFlags {
  readonly config?: string;
  readonly store?: string;
  readonly folder?: string;
  readonly port?: number;
  /** Leaves the config file alone: reading it runs people's code. */
  readonly withoutFile?: boolean;
}

/** A value with where it came from. */
export interface Setting<T> {
  readonly value: T;
  readonly from: string;
}

/** What this process works with. Paths are absolute. */
export interface EffectiveConfig {
  /** The config file; null without one. */
  readonly file: string | null;
  readonly store: Setting<string>;
  /** Where definitions are looked for besides those of the config file; null: nowhere. */
  readonly folder: Setting<string | null>;
  readonly port: Setting<number>;
  readonly slots: Setting<number>;
  readonly shutdownGraceMs: Setting<number>;
  readonly readOnly: Setting<boolean>;
  readonly retention: {
    readonly completedMs: Setting<number>;
    readonly failedMs: Setting<number>;
    readonly eventsMs: Setting<number>;
  };
  /** As the config file gives it. */
  readonly given: BatonConfig;
}

const fileNames = ["baton.config.ts", "baton.config.mts", "baton.config.js", "baton.config.mjs"] as const;
const known: ReadonlySet<string> = new Set([
  "store",
  "definitions",
  "folder",
  "port",
  "slots",
  "retention",
  "shutdownGrace",
  "readOnly",
] satisfies (keyof BatonConfig)[]);

/** Finds and reads everything that configures this process. Throws `invalid-config` with the file and line. */
export async function loadConfig(
  flags: ConfigFlags = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<EffectiveConfig> {
  const file = flags.withoutFile ? null : findFile(flags.config ?? env["BATON_CONFIG"]);
  const given = file === null ? {} : await readFile(file);
  const base = file === null ? process.cwd() : dirname(file);
  const from = file === null ? "" : shown(file);
  const pick = <T>(
    flag: [string, T | undefined],
    variable: string,
    parse: (text: string) => T,
    own: T | undefined,
    fallback: T,
  ): Setting<T> => {
    if (flag[1] !== undefined) return { value: flag[1], from: flag[0] };
    const text = env[variable];
    if (text !== undefined && text !== "") return { value: parseEnv(variable, text, parse), from: variable };
    return own === undefined ? { value: fallback, from: "default" } : { value: own, from };
  };
  const length = (variable: string, own: string | number | undefined, fallback: number): Setting<number> =>
    pick(["", undefined], variable, parseDuration, own === undefined ? undefined : parseDuration(own), fallback);
  const { retention } = given;
  return {
    file,
    given,
    store: pick(
      ["--store", flags.store === undefined ? undefined : storeUrl(flags.store, process.cwd())],
      "BATON_STORE",
      (text) => storeUrl(text, process.cwd()),
      given.store === undefined ? undefined : storeUrl(given.store, base),
      storeUrl(defaultStore, process.cwd()),
    ),
    folder: pick<string | null>(
      ["folder", flags.folder === undefined ? undefined : resolve(flags.folder)],
      "BATON_FOLDER",
      (text) => resolve(text),
      given.folder === undefined ? undefined : resolve(base, given.folder),
      given.definitions === undefined ? defaultFolder(base, file !== null) : null,
    ),
    port: pick(["--port", flags.port], "BATON_PORT", portOf, given.port, defaultPort),
    slots: pick(["", undefined], "BATON_SLOTS", countOf, given.slots, defaults.slots),
    shutdownGraceMs: length("BATON_SHUTDOWN_GRACE", given.shutdownGrace, defaults.shutdownGraceMs),
    readOnly: pick(
      ["", undefined],
      "BATON_READ_ONLY",
      (text) => text === "1" || text === "true",
      given.readOnly,
      false,
    ),
    retention: {
      completedMs: length("BATON_RETENTION_COMPLETED", retention?.completed, defaults.retention.completedMs),
      failedMs: length("BATON_RETENTION_FAILED", retention?.failed, defaults.retention.failedMs),
      eventsMs: length("BATON_RETENTION_EVENTS", retention?.events, defaults.retention.eventMs),
    },
  };
}

/** The store's file where flags or environment name it, without reading the config file: that runs people's code. */
export function namedStorePath(flags: ConfigFlags, env: NodeJS.ProcessEnv = process.env): string | null {
  const named = flags.store ?? env["BATON_STORE"];
  return named === undefined || named === "" ? null : sqlitePath(storeUrl(named, process.cwd()));
}

/** The store's file. */
export function storePath(config: EffectiveConfig): string {
  return sqlitePath(config.store.value);
}

/** One line of `baton config`. */
export interface ConfigLine {
  readonly name: string;
  readonly value: unknown;
  readonly from: string;
}

/** Every value that is in force, and where it came from: settings first, then the fixed limits of the core. */
export function configLines(config: EffectiveConfig): ConfigLine[] {
  const line = (name: string, { value, from }: Setting<unknown>): ConfigLine => ({ name, value, from });
  const { retention } = config;
  const settings = [
    line("config", { value: config.file, from: config.file === null ? "none found" : "found" }),
    line("store", config.store),
    line("folder", config.folder),
    line("port", config.port),
    line("slots", config.slots),
    line("shutdownGraceMs", config.shutdownGraceMs),
    line("readOnly", config.readOnly),
    line("retention.completedMs", retention.completedMs),
    line("retention.failedMs", retention.failedMs),
    line("retention.eventsMs", retention.eventsMs),
  ];
  const named = new Set([...settings.map((each) => each.name), "retention.eventMs"]);
  return [...settings, ...flatten("", defaults).filter((each) => !named.has(each.name))];
}

function flatten(path: string, values: object): ConfigLine[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const name = path === "" ? key : `${path}.${key}`;
    return typeof value === "object" && value !== null ? flatten(name, value) : [{ name, value, from: "fixed" }];
  });
}

function findFile(asked: string | undefined): string | null {
  if (asked === undefined) return fileNames.map((name) => resolve(name)).find((path) => existsSync(path)) ?? null;
  const path = resolve(asked);
  if (existsSync(path)) return path;
  throw new BatonError("invalid-config", `there is no config file ${asked}`, {
    hint: "name one with --config, or leave it out to use baton.config.ts of this folder",
  });
}

async function readFile(file: string): Promise<BatonConfig> {
  UserModules.install();
  const module = await importConfig(file);
  const config = module["default"];
  if (typeof config !== "object" || config === null) {
    throw new BatonError("invalid-config", `${shown(file)} has no default export`, {
      hint: "write: export default defineConfig({ … })",
    });
  }
  const stray = Object.keys(config).find((key) => !known.has(key));
  if (stray !== undefined) {
    throw new BatonError("invalid-config", `${shown(file)} has an unknown setting ${JSON.stringify(stray)}`, {
      hint: `known: ${[...known].join(", ")}`,
    });
  }
  return config;
}

async function importConfig(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new BatonError("invalid-config", describeProblem(loadProblem(file, cause)), {
      hint: "mend the config file, or name another one with --config",
      cause,
    });
  }
}

/** `./workflows` when it is there; without a config file a folder of definitions may also be the current one. */
function defaultFolder(base: string, hasFile: boolean): string | null {
  const usual = resolve(base, "workflows");
  if (existsSync(usual)) return usual;
  return hasFile ? null : base;
}

function storeUrl(store: string, base: string): string {
  const address = store.includes(":") && !isAbsolute(store) ? store : `sqlite:${store}`;
  if (address === "sqlite::memory:") return address;
  return `sqlite:${resolve(base, sqlitePath(address))}`;
}

function parseEnv<T>(variable: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (cause) {
    throw new BatonError("invalid-config", `${variable}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: `set ${variable} to something else, or unset it`,
      cause,
    });
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new TypeError(`a port is a number from 0 to 65535, not ${JSON.stringify(text)}`);
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new TypeError(`must be a whole number of 1 or more, not ${JSON.stringify(text)}`);
}
