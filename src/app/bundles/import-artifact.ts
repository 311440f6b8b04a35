import { setSourceMapsSupport } from "node:module";
import type { Artifact } from "../../kernel/model/version.ts";
import { isWorkflow } from "../../workflows/definition.ts";
import type { Definition } from "../config.ts";
import { UserModules } from "../modules.ts";
import { writeArtifact } from "./artifact.ts";

/** Far above what a module needs that awaits something at its top. */
const importMaxMs = 30_000;

/**
 * Loads an artifact and gives the definitions that it exports. Node never loads a file twice and never lets go of one:
 * the same artifact again costs nothing, and each other one stays until the process ends.
 */
export async function importArtifact(
  artifact: Artifact,
  place: { readonly folder: string; readonly base: string },
): Promise<readonly Definition[]> {
  // So that stacks name the files that people wrote. Packages' own maps are left alone.
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const url = writeArtifact(place.folder, artifact, place.base);
  UserModules.install().resolveFrom(place.folder, place.base);
  return definitionsOf(await importWithin(url, importMaxMs));
}

/** A module that never comes to its end would stop all that are loaded after it. */
async function importWithin(url: URL, ms: number): Promise<Record<string, unknown>> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`loading took longer than ${ms / 1_000} s: check its top-level await`)),
    ms,
  );
  try {
    return await Promise.race([import(url.href) as Promise<Record<string, unknown>>, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a module exports, and what a config file lists. */
function definitionsOf(module: Record<string, unknown>): readonly Definition[] {
  const config = module["default"];
  const listed = typeof config === "object" && config !== null && "definitions" in config ? config.definitions : [];
  return [...new Set([...Object.values(module), ...(Array.isArray(listed) ? (listed as unknown[]) : [])])].filter(
    isWorkflow,
  );
}
