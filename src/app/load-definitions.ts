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

/** A definition and its bundled code. */
export interface FolderVersion {
  readonly definition: Definition;
  readonly artifact: Artifact;
  /** Relative to the project. */
  readonly file: string;
}

/** The loaded definitions, and the problems of those that failed to load. One bad file does not affect the others. */
export interface LoadedDefinitions {
  readonly definitions: readonly Definition[];
  readonly versions: readonly FolderVersion[];
  readonly problems: readonly DefinitionProblem[];
  readonly from: string;
}

/** A file and the definitions that it exports. */
interface LoadedFile {
  readonly file: string;
  readonly artifact: Artifact;
  readonly modules: readonly string[];
  readonly definitions: readonly Definition[];
}

/** The folder from which artifacts are imported, and the base of their paths and packages. */
export interface Place {
  readonly folder: string;
  readonly base: string;
}

/**
 * The definitions of a config file and a folder, kept up to date. Each file is bundled with its imports. Runs execute
 * the bundle, never the file, so a run's code is the code stored under its version. A file that cannot be bundled or
 * loaded is a problem with a line number; if it loaded before, its last good version stays.
 */
export class DefinitionSet {
  readonly place: Place;
  readonly #config: EffectiveConfig;
  readonly #files = new Map<string, LoadedFile>();
  readonly #failures = new Map<string, readonly DefinitionProblem[]>();
  /** The imports of each file, including files that failed to load. */
  readonly #modules = new Map<string, readonly string[]>();

  private constructor(config: EffectiveConfig, folder: string) {
    this.#config = config;
    this.place = { folder, base: baseOf(config) };
  }

  /** `folder`: the folder from which artifacts are imported. */
  static async load(config: EffectiveConfig, folder: string): Promise<DefinitionSet> {
    const set = new DefinitionSet(config, folder);
    set.#refuseMissingFolder();
    await set.#loadFiles([...set.#configFiles(), ...set.#listFiles()]);
    return set;
  }

  /** An empty set, for a process that executes nothing. */
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

  /** Folders to watch: the definitions folder with all subfolders, and the folders of imported modules. */
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

  /** All current definition files. */
  get files(): readonly string[] {
    return this.#listFiles();
  }

  /** Whether a change to this path could change a definition. */
  concerns(path: string): boolean {
    return this.#listFiles().includes(path) || [...this.#modules.values()].some((modules) => modules.includes(path));
  }

  /** Reloads the definitions that depend on these files; null: all. */
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

  /** All files are bundled at once, but imported one at a time, since importing runs user code. */
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

  /** The config file, if it lists definitions. */
  #configFiles(): string[] {
    const { file, given } = this.#config;
    return file === null || given.definitions === undefined ? [] : [file];
  }

  /** Checked only at startup: later the folder may be missing briefly, such as when another branch is checked out. */
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

/** Paths are relative to the parent of the definitions, wherever Baton is started: equal files give equal hashes. */
function baseOf(config: EffectiveConfig): string {
  const { file, folder } = config;
  if (folder.value === null) return file === null ? process.cwd() : dirname(file);
  return isGuess(config) ? folder.value : dirname(folder.value);
}

/** Whether the folder is the current folder because none was configured. It may hold anything. */
function isGuess({ folder }: EffectiveConfig): boolean {
  return folder.from === "default" && folder.value !== null && basename(folder.value) !== "workflows";
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", "dist"]);

/** A folder may be missing briefly, or disappear while it is read. */
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

/** In a folder that is not configured as a definitions folder, importing an arbitrary file could start anything. */
function mentionsBaton(path: string): boolean {
  try {
    return /\bfrom\s*["']baton["']/.test(readFileSync(path, "utf8"));
  } catch {
    // The file has disappeared meanwhile, or is not readable.
    return false;
  }
}

/** A definition and the file that exports it. */
interface Candidate {
  readonly definition: Definition;
  readonly file: string;
  readonly artifact: Artifact;
  readonly modules: readonly string[];
}

/**
 * A name and version belongs to the file that defines it; a second file that defines it is a duplicate. A file that
 * only re-exports it is not a duplicate, although its bundle also contains the code.
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

/**
 * If the name is computed, the text of a file does not show whether it is defined there. A shared import may define it.
 */
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
