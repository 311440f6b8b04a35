import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Artifact, External } from "../../kernel/model/version.ts";

/** What stands before the source map at the end of a body. */
const mapMark = "\n//# sourceMappingURL=data:application/json;base64,";

/** A source map, as far as places in files need it. */
export interface PlainMap {
  readonly version: 3;
  /** Relative to the folder that was bundled, so that a machine's own paths are no part of the hash. */
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

export function makeArtifact(code: string, map: PlainMap, externals: readonly External[]): Artifact {
  const ordered = externals.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const body = `${code.trimEnd()}${mapMark}${Buffer.from(JSON.stringify(map)).toString("base64")}\n`;
  return { hash: hashOf(body, ordered), body, externals: ordered };
}

/** The name of an artifact by its content: whoever loads one makes this anew. */
export function hashOf(body: string, externals: readonly External[]): string {
  const names = externals.map(({ name, version }) => ({ name, version }));
  return createHash("sha256").update(body).update("\0").update(JSON.stringify(names)).digest("hex");
}

/**
 * Puts an artifact where Node can import it. Its source map then names files as they lie below `base`. Written anew each
 * time: what lies there may have been changed since.
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
