import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BatonError } from "../kernel/model/errors.ts";
import type { BatonConfig } from "./config.ts";
import { describeProblem, loadProblem, shown } from "./load-problem.ts";
import { UserModules } from "./modules.ts";

const fileNames = ["baton.config.ts", "baton.config.mts", "baton.config.js", "baton.config.mjs"] as const;

const known: ReadonlySet<string> = new Set([
  "store",
  "definitions",
  "folder",
  "external",
  "port",
  "slots",
  "queues",
  "offload",
  "retention",
  "routing",
  "shutdownGrace",
  "readOnly",
  "guide",
] satisfies (keyof BatonConfig)[]);

/** The given config file, or the one in the current folder, or null. */
export function findConfigFile(asked: string | undefined): string | null {
  if (asked === undefined) return fileNames.map((name) => resolve(name)).find((path) => existsSync(path)) ?? null;
  const path = resolve(asked);
  if (existsSync(path)) return path;
  throw new BatonError("invalid-config", `the config file ${asked} does not exist`, {
    hint: "pass an existing file with --config, or omit it to use baton.config.ts in this folder",
  });
}

/** The default export of a config file. Throws `invalid-config` with the file and line. */
export async function readConfigFile(file: string): Promise<BatonConfig> {
  UserModules.install();
  const module = await importConfig(file);
  const config = module["default"];
  if (typeof config !== "object" || config === null) {
    throw new BatonError("invalid-config", `${shown(file)} has no default export`, {
      hint: "add: export default defineConfig({ … })",
    });
  }
  const unknown = Object.keys(config).find((key) => !known.has(key));
  if (unknown !== undefined) {
    throw new BatonError("invalid-config", `${shown(file)} has an unknown setting ${JSON.stringify(unknown)}`, {
      hint: `allowed: ${[...known].join(", ")}`,
    });
  }
  return config;
}

async function importConfig(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new BatonError("invalid-config", describeProblem(loadProblem(file, cause)), {
      hint: "fix the config file, or pass another one with --config",
      cause,
    });
  }
}
