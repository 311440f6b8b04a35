import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs what this folder's lockfile says, once; null, or why it could not. No package's install script runs: none of
 * the peers needs one.
 */
export function installPeers(folder) {
  const stamp = join(folder, "node_modules", ".peers-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return null;
  console.error("Installing the peers (once)…");
  // The second is for a registry that lacks some platform's optional package, which the first refuses.
  const ways = [["ci"], ["install", "--no-save"]];
  for (const way of ways) {
    const { status, stderr, error } = spawnSync(
      "npm",
      [...way, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
      { cwd: folder, encoding: "utf8", shell: process.platform === "win32" },
    );
    if (status === 0) {
      writeFileSync(stamp, wanted);
      return null;
    }
    if (way === ways.at(-1)) return error?.message ?? stderr.trim();
  }
  return null;
}
