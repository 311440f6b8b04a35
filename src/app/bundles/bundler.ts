import { dirname, relative, resolve } from "node:path";
import type { RolldownLog, SourceMap } from "rolldown";
import type { Artifact } from "../../kernel/model/version.ts";
import type { DefinitionProblem } from "../../wire/definition.ts";
import { shown } from "../load-problem.ts";
import { makeArtifact, type PlainMap } from "./artifact.ts";
import { installedVersion, isNative, packageFolder, packageOf } from "./externals.ts";
import { type Refusal, refusalsOf, suspicious, uncommon } from "./refusals.ts";

export interface BundleOptions {
  /** Paths in the bundle are relative to this folder, so that a project has the same hash in any place. */
  readonly base: string;
  /** Packages to leave out of the bundle. */
  readonly external: readonly string[];
}

/** A definition file bundled with its imports, or the problems that prevent it. */
export interface Bundle {
  readonly file: string;
  readonly artifact: Artifact | null;
  readonly problems: readonly DefinitionProblem[];
  /** The author's files that are in the bundle, or would be. */
  readonly modules: readonly string[];
}

/** What the plugin collects while a file is bundled. */
interface Seen {
  readonly modules: Set<string>;
  readonly externals: Map<string, string>;
  readonly problems: DefinitionProblem[];
}

/**
 * Bundles a definition file with its imports, including packages, into one module. Baton, native packages and listed
 * packages stay outside. Never throws for an author's mistake: those are problems with file and line.
 */
export async function bundleFile(file: string, options: BundleOptions): Promise<Bundle> {
  const seen: Seen = { modules: new Set([file]), externals: new Map(), problems: [] };
  const made = await build(file, options, seen).catch((error: unknown) => {
    seen.problems.push(...problemsOf(error, file));
    return null;
  });
  // Files are read concurrently, so their order varies.
  const modules = [...seen.modules].sort();
  const problems = seen.problems.toSorted((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : (a.line ?? 0) - (b.line ?? 0),
  );
  if (made === null || problems.length > 0) return { file, artifact: null, problems, modules };
  const externals = [...seen.externals].map(([name, version]) => ({ name, version }));
  return { file, artifact: makeArtifact(made.code, made.map, externals), problems: [], modules };
}

async function build(file: string, options: BundleOptions, seen: Seen): Promise<{ code: string; map: PlainMap }> {
  // Loaded when the first file is bundled, so that an app with its own code does not load it.
  const [{ rolldown }, { parseAst }] = await Promise.all([import("rolldown"), import("rolldown/parseAst")]);
  const scan = (code: string, id: string): void => {
    for (const refusal of refused(code, id, (text) => parseAst(text, { lang: languageOf(id) }, id)))
      seen.problems.push(place(id, file, refusal));
  };
  const bundle = await rolldown({
    input: file,
    cwd: options.base,
    platform: "node",
    tsconfig: false,
    onLog: (_level, log) => {
      if (log.code === "UNRESOLVED_IMPORT") seen.problems.push(logProblem(log, file));
    },
    plugins: [
      {
        name: "baton",
        resolveId: {
          // The bundler resolves paths by itself.
          filter: { id: /^[^./\0]/ },
          handler(specifier, importer) {
            return isOutside(specifier, importer ?? file, options, seen) ? { id: specifier, external: true } : null;
          },
        },
        load: {
          filter: { id: /\.node$/ },
          handler(id) {
            seen.problems.push(
              place(id, file, {
                line: 1,
                message: "native modules cannot be bundled: list the package under external",
              }),
            );
            return "";
          },
        },
        transform: {
          // The names of the bundler's own helpers are not paths.
          filter: { id: { include: /^[/A-Z]/, exclude: /\/node_modules\// } },
          handler(code, id) {
            seen.modules.add(id);
            if (suspicious.test(code) || uncommon.test(code)) scan(code, id);
            return null;
          },
        },
      },
      {
        name: "baton-packages",
        transform: {
          filter: { id: /\/node_modules\//, code: suspicious },
          handler(code, id) {
            scan(code, id);
            return null;
          },
        },
      },
    ],
  });
  try {
    const { output } = await bundle.generate({
      dir: options.base,
      format: "esm",
      sourcemap: "hidden",
      codeSplitting: false,
      // No removal of dead code either: after a top-level `throw` it would remove what the exports refer to.
      minify: false,
    });
    const [chunk] = output;
    return { code: chunk.code, map: plainMap(chunk.map, options.base) };
  } finally {
    await bundle.close();
  }
}

function refused(code: string, id: string, parse: (code: string) => unknown): readonly Refusal[] {
  const hint = isPackaged(id) ? `; list the package ${packageOfPath(id)} under external in baton.config.ts` : "";
  try {
    return refusalsOf(code, parse).map(({ line, message }) => ({ line, message: message + hint }));
  } catch {
    // Syntax error: the bundler reports it with its place.
    return [];
  }
}

function isOutside(specifier: string, importer: string, { base, external }: BundleOptions, seen: Seen): boolean {
  const name = packageOf(specifier);
  if (name === null) return false;
  const folder = name === "baton" ? null : packageFolder(name, dirname(importer));
  const isOut = name === "baton" || external.includes(name) || (folder !== null && isNative(folder));
  if (!isOut) return false;
  seen.externals.set(name, installedVersion(name, dirname(importer)) ?? installedVersion(name, base) ?? "none");
  return true;
}

function languageOf(id: string): "ts" | "tsx" | "js" | "jsx" {
  const ending = /\.[mc]?([jt]sx?)$/.exec(id)?.[1];
  return (ending as "ts" | undefined) ?? "js";
}

function isPackaged(id: string): boolean {
  return id.includes("/node_modules/");
}

function packageOfPath(id: string): string {
  return packageOf(id.slice(id.lastIndexOf("/node_modules/") + "/node_modules/".length)) ?? id;
}

/** Positions only: line numbers do not need the source text. */
function plainMap(map: SourceMap | null, base: string): PlainMap {
  const sources = (map?.sources ?? []).map((source) => slashed(relative(base, resolve(base, source))));
  return { version: 3, sources, names: map?.names ?? [], mappings: map?.mappings ?? "" };
}

function slashed(path: string): string {
  return encodeURI(path.replaceAll("\\", "/"));
}

// --- Problems -----------------------------------------------------------------------------------------------------------

function place(id: string, entry: string, { line, message }: Refusal): DefinitionProblem {
  return { file: shown(id), line, message: id === entry ? message : `${message} (imported by ${shown(entry)})` };
}

function problemsOf(error: unknown, entry: string): readonly DefinitionProblem[] {
  const logs = (error as { errors?: readonly RolldownLog[] } | null)?.errors;
  if (logs === undefined || logs.length === 0)
    return [{ file: shown(entry), line: null, message: error instanceof Error ? error.message : String(error) }];
  return logs.map((log) => logProblem(log, entry));
}

/** Translates a bundler message to Node's wording. */
function logProblem(log: RolldownLog, entry: string): DefinitionProblem {
  const id = log.loc?.file ?? log.id ?? entry;
  const text = (log.message.split("\n")[0] ?? "").replace(/^\[\w+\] /, "");
  const wanted = /Could not resolve '([^']+)'/.exec(text)?.[1];
  const message =
    wanted === undefined
      ? `SyntaxError: ${text}`
      : packageOf(wanted) === null
        ? `Cannot find module '${wanted}'`
        : `Cannot find package '${packageOf(wanted)}'`;
  return place(id, entry, { line: log.loc?.line ?? 1, message });
}
