import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BatonError } from "../kernel/model/errors.ts";
import type { DefinitionProblem } from "../wire/definition.ts";
import { isWorkflow } from "../workflows/definition.ts";
import type { Definition } from "./config.ts";
import type { EffectiveConfig } from "./load-config.ts";
import { lineOf, loadProblem, shown } from "./load-problem.ts";
import { UserModules } from "./modules.ts";

/** What was loaded and what was not. One bad file leaves the others alone. */
export interface LoadedDefinitions {
  readonly definitions: readonly Definition[];
  readonly problems: readonly DefinitionProblem[];
  readonly from: string;
}

/** Definitions with the file that exports them. */
interface LoadedFile {
  readonly file: string;
  readonly definitions: readonly Definition[];
}

/**
 * The definitions of a config file and a folder, kept up to date. A file that cannot be loaded is a problem with its
 * line; one that could be loaded before keeps its last good version.
 */
export class DefinitionSet {
  readonly #config: EffectiveConfig;
  readonly #modules = UserModules.install();
  readonly #files = new Map<string, LoadedFile>();
  readonly #failures = new Map<string, DefinitionProblem>();

  private constructor(config: EffectiveConfig) {
    this.#config = config;
  }

  static async load(config: EffectiveConfig): Promise<DefinitionSet> {
    const set = new DefinitionSet(config);
    if (config.file !== null) {
      set.#files.set(config.file, { file: config.file, definitions: config.given.definitions ?? [] });
    }
    set.#refuseMissingFolder();
    for (const file of set.#listFiles()) await set.#loadFile(file);
    return set;
  }

  /** A set of nothing, for a process that runs nothing. */
  static empty(config: EffectiveConfig): DefinitionSet {
    return new DefinitionSet(config);
  }

  get loaded(): LoadedDefinitions {
    const { kept, duplicates } = withoutDuplicates([...this.#files.values()]);
    return {
      definitions: kept,
      problems: [...this.#failures.values(), ...duplicates],
      from: this.#from(),
    };
  }

  /** Folders in which a change may matter: that of definitions with all below it, and those of modules they import. */
  get folders(): readonly { path: string; isDeep: boolean }[] {
    const { folder } = this.#config;
    const own = folder.value !== null && existsSync(folder.value) ? [folder.value] : [];
    const others = this.#modules.files.map((file) => resolve(file, "..")).filter((path) => !own.includes(path));
    return [
      ...own.map((path) => ({ path, isDeep: !this.#isGuess })),
      ...[...new Set(others)].map((path) => ({ path, isDeep: false })),
    ];
  }

  /** The current folder, since nothing else was named: it may hold anything. */
  get #isGuess(): boolean {
    const { folder } = this.#config;
    return folder.from === "default" && folder.value !== null && basename(folder.value) !== "workflows";
  }

  /** Every file that holds definitions now. */
  get files(): readonly string[] {
    return this.#listFiles();
  }

  /** Whether a change of this path could change a definition. */
  concerns(path: string): boolean {
    return this.#modules.files.includes(path) || this.#listFiles().includes(path) || this.#files.has(path);
  }

  /** Loads anew what these files concern. */
  async reload(paths: readonly string[]): Promise<void> {
    const broken = [...this.#failures.keys()];
    const renewed = this.#modules.renew([...paths, ...broken].map((path) => pathToFileURL(path).href));
    const listed = this.#listFiles();
    for (const file of this.#files.keys()) {
      if (file !== this.#config.file && !listed.includes(file)) this.#forget(file);
    }
    for (const file of this.#failures.keys()) if (!existsSync(file)) this.#failures.delete(file);
    const { file: configFile } = this.#config;
    for (const file of [...(configFile === null ? [] : [configFile]), ...listed]) {
      const isNew = !this.#files.has(file) && !this.#failures.has(file);
      if (isNew || renewed.has(pathToFileURL(file).href)) await this.#loadFile(file);
    }
  }

  #forget(file: string): void {
    this.#files.delete(file);
    this.#failures.delete(file);
  }

  async #loadFile(file: string): Promise<void> {
    try {
      const module = await importWithin(file, importMaxMs);
      const definitions = file === this.#config.file ? ofConfig(module) : ofModule(module);
      this.#files.set(file, { file, definitions });
      this.#failures.delete(file);
    } catch (error) {
      this.#failures.set(file, loadProblem(file, error));
    }
  }

  /** Only at the start: later it may be away for a moment, as when another branch is checked out. */
  #refuseMissingFolder(): void {
    const { folder } = this.#config;
    if (folder.value === null || folder.from === "default" || isFolder(folder.value)) return;
    throw new BatonError("invalid-config", `there is no folder ${shown(folder.value)} with definitions`, {
      hint: "create it, or name another one",
    });
  }

  #listFiles(): string[] {
    const { folder, file } = this.#config;
    if (folder.value === null) return [];
    if (!isFolder(folder.value)) return [];
    const isGuess = this.#isGuess;
    const paths = isGuess ? plainFiles(folder.value) : filesBelow(folder.value);
    return paths.filter((path) => path !== file && (!isGuess || mentionsBaton(path))).toSorted();
  }

  #from(): string {
    const { folder, file, given } = this.#config;
    const places = [
      ...(file !== null && given.definitions !== undefined ? [file] : []),
      ...(folder.value === null ? [] : [folder.value]),
    ];
    return places.length === 0 ? "nowhere" : places.map(shown).join(" and ");
  }
}

/** Far above what a module needs that awaits something at its top. */
const importMaxMs = 30_000;

/** A module that never comes to its end would stop all that are loaded after it. */
async function importWithin(file: string, ms: number): Promise<Record<string, unknown>> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`it was not loaded within ${ms / 1_000} s: what does it await?`)),
    ms,
  );
  try {
    return await Promise.race([import(pathToFileURL(file).href) as Promise<Record<string, unknown>>, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function ofModule(module: Record<string, unknown>): Definition[] {
  return [...new Set(Object.values(module))].filter(isWorkflow);
}

function ofConfig(module: Record<string, unknown>): readonly Definition[] {
  const config = module["default"];
  const definitions =
    typeof config === "object" && config !== null && "definitions" in config ? config.definitions : [];
  return Array.isArray(definitions) ? definitions.filter(isWorkflow) : [];
}

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", "dist"]);

/** A folder may be away for a moment, or go while it is being read. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function filesBelow(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    if (entry.name.startsWith(".") || skippedFolders.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return isModule(entry.name) ? [path] : [];
  });
}

function plainFiles(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => entry.isFile() && isModule(entry.name))
    .map((entry) => join(folder, entry.name));
}

function isModule(name: string): boolean {
  return (
    /\.(?:ts|mts|js|mjs)$/.test(name) &&
    !/\.(?:test|spec)\.\w+$/.test(name) &&
    !/\.d\.m?ts$/.test(name) &&
    !name.startsWith("baton.config.")
  );
}

/** In a folder that nobody named as one of definitions, importing a file at random could start anything. */
function mentionsBaton(path: string): boolean {
  try {
    return /\bfrom\s*["']baton["']/.test(readFileSync(path, "utf8"));
  } catch {
    // It has gone meanwhile, or is not for us to read.
    return false;
  }
}

/** A name and version belongs to the file that has it first; the same object exported twice is no duplicate. */
function withoutDuplicates(files: readonly LoadedFile[]): {
  kept: readonly Definition[];
  duplicates: readonly DefinitionProblem[];
} {
  const owners = new Map<string, { definition: Definition; file: string }>();
  const duplicates: DefinitionProblem[] = [];
  for (const { file, definitions } of files) {
    for (const definition of definitions) {
      const key = `${definition.kind} ${definition.name} ${definition.version}`;
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, { definition, file });
      else if (owner.definition !== definition) duplicates.push(duplicate(definition, file, owner.file));
    }
  }
  return { kept: [...owners.values()].map((owner) => owner.definition), duplicates };
}

function duplicate({ kind, name, version }: Definition, file: string, owner: string): DefinitionProblem {
  const quoted = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return {
    file: shown(file),
    line: lineOf(file, new RegExp(`name:\\s*["'\`]${quoted}["'\`]`)),
    message: `the ${kind} ${JSON.stringify(name)} version ${version} is already defined in ${shown(owner)}; this one is left out`,
  };
}
