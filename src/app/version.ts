import { readFileSync } from "node:fs";

let version: string | null = null;

/** This Baton's own version, as its package says. */
export function batonVersion(): string {
  if (version === null) {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    version = String((JSON.parse(text) as { version?: unknown }).version ?? "");
  }
  return version;
}
