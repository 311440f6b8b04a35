import { setSourceMapsSupport } from "node:module";
import type { Artifact } from "../../kernel/model/version.ts";
import { isWorkflow } from "../../workflows/definition.ts";
import type { Definition } from "../config.ts";
import { UserModules } from "../modules.ts";
import { writeArtifact } from "./artifact.ts";

/** Far longer than any reasonable top-level await. */
const importMaxMs = 30_000;

/**
 * Imports an artifact and returns the definitions that it exports. Node loads a file only once and never unloads it:
 * importing the same artifact again costs nothing, and each new one stays in memory until the process ends.
 */
export async function importArtifact(
  artifact: Artifact,
  place: { readonly folder: string; readonly base: string },
): Promise<readonly Definition[]> {
  // Makes stack traces name the author's files. Source maps of packages are not used.
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const url = writeArtifact(place.folder, artifact, place.base);
  UserModules.install().resolveFrom(place.folder, place.base);
  return definitionsOf(await importWithin(url, importMaxMs));
}

/** A module that never finishes loading would block all that load after it. */
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

/** The definitions that a module exports or a config file lists. */
function definitionsOf(module: Record<string, unknown>): readonly Definition[] {
  const config = module["default"];
  const listed = typeof config === "object" && config !== null && "definitions" in config ? config.definitions : [];
  return [...new Set([...Object.values(module), ...(Array.isArray(listed) ? (listed as unknown[]) : [])])].filter(
    isWorkflow,
  );
}
