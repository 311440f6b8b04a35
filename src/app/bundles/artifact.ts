import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Artifact, External } from "../../kernel/model/version.ts";

/** The text before the source map at the end of a body. */
const mapMark = "\n//# sourceMappingURL=data:application/json;base64,";

/** The parts of a source map that are needed to map positions. */
export interface PlainMap {
  readonly version: 3;
  /** Relative to the bundled folder, so that paths of the machine are not part of the hash. */
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

export function makeArtifact(code: string, map: PlainMap, externals: readonly External[]): Artifact {
  const ordered = externals.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const body = `${code.trimEnd()}${mapMark}${Buffer.from(JSON.stringify(map)).toString("base64")}\n`;
  return { hash: hashOf(body, ordered), body, externals: ordered };
}

/** The content hash that names an artifact. It is computed again when an artifact is loaded. */
export function hashOf(body: string, externals: readonly External[]): string {
  const names = externals.map(({ name, version }) => ({ name, version }));
  return createHash("sha256").update(body).update("\0").update(JSON.stringify(names)).digest("hex");
}

/**
 * Writes an artifact to a file that Node can import. In the file, the source map names files below `base`. It is always
 * written again, because an existing file may have been changed.
 */
export function writeArtifact(folder: string, { hash, body }: Artifact, base: string): URL {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${hash}.mjs`);
  writeFileSync(`${file}.part`, withPlaces(body, base), { mode: 0o600 });
  renameSync(`${file}.part`, file);
  return pathToFileURL(file);
}

function withPlaces(body: string, base: string): string {
  const at = body.lastIndexOf(mapMark);
  if (at < 0) return body;
  const map = JSON.parse(Buffer.from(body.slice(at + mapMark.length), "base64").toString()) as PlainMap;
  const root = pathToFileURL(join(base, "/"));
  const placed = { ...map, sources: map.sources.map((source) => new URL(source, root).href) };
  return `${body.slice(0, at)}${mapMark}${Buffer.from(JSON.stringify(placed)).toString("base64")}\n`;
}
