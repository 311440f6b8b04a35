import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { BatonError } from "../kernel/model/errors.ts";
import type { Artifact } from "../kernel/model/version.ts";
import type { DefinitionProblem } from "../wire/definition.ts";
import { type Bundle, bundleFile } from "./bundles/bundler.ts";
import { importArtifact } from "./bundles/import-artifact.ts";
import type { Definition } from "./config.ts";
import type { EffectiveConfig } from "./load-config.ts";
import { lineOf, loadProblem, shown } from "./load-problem.ts";

/** A definition with the code that it is made of. */
export interface FolderVersion {
  readonly definition: Definition;
  readonly artifact: Artifact;
  /** Relative to the project. */
  readonly file: string;
}

/** What was loaded and what was not. One bad file leaves the others alone. */
export interface LoadedDefinitions {
  readonly definitions: readonly Definition[];
  readonly versions: readonly FolderVersion[];
  readonly problems: readonly DefinitionProblem[];
  readonly from: string;
}

/** Definitions with the file that exports them. */
interface LoadedFile {
  readonly file: string;
  readonly artifact: Artifact;
  readonly modules: readonly string[];
  readonly definitions: readonly Definition[];
}

/** Where artifacts are put to be imported, and what their paths and packages are relative to. */
export interface Place {
  readonly folder: string;
  readonly base: string;
}

/**
 * The definitions of a config file and a folder, each file bundled with what it imports, and kept up to date. What runs is
 * the bundle, never the file: so the code of a run is the one that is stored under its version. A file that cannot be
 * bundled or loaded is a problem with its line; one that could be before keeps its last good version.
 */
export class DefinitionSet {
  readonly place: Place;
  readonly #config: EffectiveConfig;
  readonly #files = new Map<string, LoadedFile>();
  readonly #failures = new Map<string, readonly DefinitionProblem[]>();
  /** What each file imports, also of those that could not be loaded. */
  readonly #modules = new Map<string, readonly string[]>();

  private constructor(config: EffectiveConfig, folder: string) {
    this.#config = config;
    this.place = { folder, base: baseOf(config) };
  }

  /** `folder`: where artifacts are put to be imported. */
  static async load(config: EffectiveConfig, folder: string): Promise<DefinitionSet> {
    const set = new DefinitionSet(config, folder);
    set.#refuseMissingFolder();
    await set.#loadFiles([...set.#configFiles(), ...set.#listFiles()]);
    return set;
  }

  /** A set of nothing, for a process that runs nothing. */
  static empty(config: EffectiveConfig): DefinitionSet {
    return new DefinitionSet(config, "");
  }

  get loaded(): LoadedDefinitions {
    const { kept, duplicates } = withoutDuplicates([...this.#files.values()]);
    return {
      definitions: kept.map((each) => each.definition),
      versions: kept.map(({ definition, file, artifact }) => ({
        definition,
        artifact,
        file: relative(this.place.base, file),
      })),
      problems: [...[...this.#failures.values()].flat(), ...duplicates],
      from: this.#from(),
    };
  }

  /** Folders in which a change may matter: that of definitions with all below it, and those of modules they import. */
  get folders(): readonly { path: string; isDeep: boolean }[] {
    const { folder } = this.#config;
    const own = folder.value !== null && existsSync(folder.value) ? [folder.value] : [];
    const others = [...this.#modules.values()]
      .flat()
      .map((file) => resolve(file, ".."))
      .filter((path) => !own.includes(path));
    return [
      ...own.map((path) => ({ path, isDeep: !isGuess(this.#config) })),
      ...[...new Set(others)].map((path) => ({ path, isDeep: false })),
    ];
  }

  /** Every file that holds definitions now. */
  get files(): readonly string[] {
    return this.#listFiles();
  }

  /** Whether a change of this path could change a definition. */
  concerns(path: string): boolean {
    return this.#listFiles().includes(path) || [...this.#modules.values()].some((modules) => modules.includes(path));
  }

  /** Loads anew what these files concern; null: everything. */
  async reload(paths: readonly string[] | null): Promise<void> {
    const listed = [...this.#configFiles(), ...this.#listFiles()];
    for (const file of this.#modules.keys()) if (!listed.includes(file)) this.#forget(file);
    const changed = new Set(paths);
    const isConcerned = (file: string): boolean =>
      paths === null ||
      !this.#files.has(file) ||
      this.#failures.has(file) ||
      (this.#modules.get(file) ?? [file]).some((module) => changed.has(module));
    await this.#loadFiles(listed.filter(isConcerned));
  }

  #forget(file: string): void {
    this.#files.delete(file);
    this.#failures.delete(file);
    this.#modules.delete(file);
  }

  /** All are bundled at once; they are imported one after the other, since that runs people's code. */
  async #loadFiles(files: readonly string[]): Promise<void> {
    const options = { base: this.place.base, external: this.#config.external };
    const bundles = await Promise.all(files.map((file) => bundleFile(file, options)));
    for (const bundle of bundles) await this.#loadBundle(bundle);
  }

  async #loadBundle({ file, artifact, problems, modules }: Bundle): Promise<void> {
    this.#modules.set(file, modules);
    if (artifact === null) {
      this.#failures.set(file, problems);
      return;
    }
    try {
      const known = this.#files.get(file);
      const isSame = known?.artifact.hash === artifact.hash;
      const definitions = isSame ? known.definitions : await importArtifact(artifact, this.place);
      this.#files.set(file, { file, artifact, modules, definitions });
      this.#failures.delete(file);
    } catch (error) {
      this.#failures.set(file, [loadProblem(file, error)]);
    }
  }

  /** The config file, when it lists definitions. */
  #configFiles(): string[] {
    const { file, given } = this.#config;
    return file === null || given.definitions === undefined ? [] : [file];
  }

  /** Only at the start: later it may be away for a moment, as when another branch is checked out. */
  #refuseMissingFolder(): void {
    const { folder } = this.#config;
    if (folder.value === null || folder.from === "default" || isFolder(folder.value)) return;
    throw new BatonError("invalid-config", `the definitions folder ${shown(folder.value)} does not exist`, {
      hint: "create it, or pass another folder",
    });
  }

  #listFiles(): string[] {
    const { folder, file } = this.#config;
    if (folder.value === null) return [];
    if (!isFolder(folder.value)) return [];
    const isGuessed = isGuess(this.#config);
    const paths = isGuessed ? plainFiles(folder.value) : filesBelow(folder.value);
    return paths.filter((path) => path !== file && (!isGuessed || mentionsBaton(path))).toSorted();
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

/** Paths are relative to what holds the definitions, wherever Baton is started: the same files give the same hash. */
function baseOf(config: EffectiveConfig): string {
  const { file, folder } = config;
  if (folder.value === null) return file === null ? process.cwd() : dirname(file);
  return isGuess(config) ? folder.value : dirname(folder.value);
}

/** The current folder, since nothing else was named: it may hold anything. */
function isGuess({ folder }: EffectiveConfig): boolean {
  return folder.from === "default" && folder.value !== null && basename(folder.value) !== "workflows";
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
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

/** A definition that a file exports. */
interface Candidate {
  readonly definition: Definition;
  readonly file: string;
  readonly artifact: Artifact;
  readonly modules: readonly string[];
}

/**
 * A name and version belongs to the file that defines it; another that defines it too is a duplicate. A file that only
 * exports what it imports is none, although its bundle holds the code as well.
 */
function withoutDuplicates(files: readonly LoadedFile[]): {
  kept: readonly Candidate[];
  duplicates: readonly DefinitionProblem[];
} {
  const candidates = files.flatMap(({ definitions, ...rest }) =>
    definitions.map((definition): Candidate => ({ definition, ...rest })),
  );
  const byName = Map.groupBy(candidates, ({ definition: { kind, name, version } }) => `${kind} ${name} ${version}`);
  const kept: Candidate[] = [];
  const duplicates: DefinitionProblem[] = [];
  for (const same of byName.values()) {
    const definers = same.filter(({ file, definition }) => lineOf(file, namePattern(definition.name)) !== null);
    const owner = definers[0] ?? same[0];
    if (owner === undefined) continue;
    kept.push(owner);
    const rivals = definers.length > 0 ? definers : same.filter((each) => !sharesModule(each, owner));
    for (const { definition, file } of rivals)
      if (file !== owner.file) duplicates.push(duplicate(definition, file, owner.file));
  }
  return { kept, duplicates };
}

/** With a name that is made by code nobody can see from outside which file it comes from: perhaps from what both import. */
function sharesModule(a: Candidate, b: Candidate): boolean {
  return a.modules.some((module) => b.modules.includes(module));
}

function namePattern(name: string): RegExp {
  return new RegExp(`name:\\s*["'\`]${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}["'\`]`);
}

function duplicate({ kind, name, version }: Definition, file: string, owner: string): DefinitionProblem {
  return {
    file: shown(file),
    line: lineOf(file, namePattern(name)),
    message: `the ${kind} ${JSON.stringify(name)} version ${version} is already defined in ${shown(owner)}; this one is ignored`,
  };
}
