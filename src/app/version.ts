import { readFileSync } from "node:fs";

let version: string | null = null;

/** The version of this Baton, from its package. */
export function batonVersion(): string {
  if (version === null) {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    version = String((JSON.parse(text) as { version?: unknown }).version ?? "");
  }
  return version;
}
