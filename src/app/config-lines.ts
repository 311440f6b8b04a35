import { defaults } from "../kernel/model/limits.ts";
import { readDeployKeys } from "./bundles/deploy-keys.ts";
import { type EffectiveConfig, type Setting, storeOf } from "./load-config.ts";
import { showStore } from "./store-address.ts";

/** One line of `baton config`. */
export interface ConfigLine {
  readonly name: string;
  readonly value: unknown;
  readonly from: string;
}

/** Every effective value with its source: settings first, then the fixed limits of the core. */
export function configLines(config: EffectiveConfig): ConfigLine[] {
  const line = (name: string, { value, from }: Setting<unknown>): ConfigLine => ({ name, value, from });
  const { retention } = config;
  const keys = readDeployKeys();
  const settings = [
    line("config", { value: config.file, from: config.file === null ? "none found" : "found" }),
    line("store", { ...config.store, value: shownSetting(config) }),
    line("folder", config.folder),
    line("external", {
      value: config.external.join(", ") || null,
      from: config.external.length === 0 ? "default" : (config.file ?? ""),
    }),
    line("deployKeys", {
      // Key IDs only: they reveal nothing about the keys.
      value: keys.map((key) => key.id).join(", ") || null,
      from: keys.length === 0 ? "default" : (keys[0]?.from ?? ""),
    }),
    line("host", config.host),
    line("port", config.port),
    line("slots", config.slots),
    line("queues", { ...config.queues, value: config.queues.value?.join(", ") ?? null }),
    line("offloadOver", config.offloadOver),
    line("shutdownGraceMs", config.shutdownGraceMs),
    line("routing.limitMs", config.routingLimitMs),
    line("readOnly", config.readOnly),
    line("retention.completedMs", retention.completedMs),
    line("retention.failedMs", retention.failedMs),
    line("retention.cancelledMs", retention.cancelledMs),
    line("retention.eventsMs", retention.eventsMs),
  ];
  const named = new Set([...settings.map((each) => each.name), "retention.eventMs"]);
  return [...settings, ...flatten("", defaults).filter((each) => !named.has(each.name))];
}

/** The store setting without its password. */
function shownSetting(config: EffectiveConfig): string {
  const address = storeOf(config);
  return address.kind === "sqlite" ? config.store.value : showStore(address);
}

function flatten(path: string, values: object): ConfigLine[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const name = path === "" ? key : `${path}.${key}`;
    return typeof value === "object" && value !== null ? flatten(name, value) : [{ name, value, from: "fixed" }];
  });
}
