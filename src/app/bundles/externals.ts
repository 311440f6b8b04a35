import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { External } from "../../kernel/model/version.ts";

/** The package of an import specifier. Null for paths and Node's own modules. */
export function packageOf(specifier: string): string | null {
  if (/^(?:[./#]|\w+:|\0|[A-Z]:\\)/i.test(specifier)) return null;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The folder of a package as resolved from `from`, or null. */
export function packageFolder(name: string, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const own = join(folder, "node_modules", name);
    if (existsSync(join(own, "package.json"))) return own;
    if (dirname(folder) === folder) return null;
  }
}

/** The installed version of a package as resolved from `from`, or null. */
export function installedVersion(name: string, from: string): string | null {
  if (name === "baton") return batonVersion;
  const folder = packageFolder(name, from);
  return folder === null ? null : ((readManifest(folder)["version"] as string | undefined) ?? "0.0.0");
}

/** Whether a package contains compiled code, which cannot be bundled. */
export function isNative(folder: string): boolean {
  const manifest = readManifest(folder);
  return (
    ["gypfile", "binary", "napi"].some((field) => manifest[field] !== undefined) ||
    existsSync(join(folder, "binding.gyp")) ||
    existsSync(join(folder, "prebuilds"))
  );
}

/**
 * Why a process at `from` cannot load code that needs these packages, or null if it can. `baton` itself may have any
 * version: it can replay what older versions recorded.
 */
export function lackOf(externals: readonly External[], from: string): string | null {
  for (const { name, version } of externals) {
    if (name === "baton") continue;
    const installed = installedVersion(name, from);
    if (installed === null) return `it needs ${name} ${version}, which is not installed here`;
    if (installed !== version) return `it needs ${name} ${version}, but ${installed} is installed here`;
  }
  return null;
}

function readManifest(folder: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const batonVersion = String(readManifest(fileURLToPath(new URL("../../../", import.meta.url)))["version"] ?? "0.0.0");
