import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs the packages of this folder's lockfile, once. Returns null, or the reason if it fails. Install scripts are
 * disabled, because no peer needs one.
 */
export function installPeers(folder) {
  const stamp = join(folder, "node_modules", ".peers-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return null;
  console.error("Installing the peers (once)…");
  // The second works if the registry lacks an optional package of some platform; the first then fails.
  const commands = [["ci"], ["install", "--no-save"]];
  for (const command of commands) {
    const { status, stderr, error } = spawnSync(
      "npm",
      [...command, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
      { cwd: folder, encoding: "utf8", shell: process.platform === "win32" },
    );
    if (status === 0) {
      writeFileSync(stamp, wanted);
      return null;
    }
    if (command === commands.at(-1)) return error?.message ?? stderr.trim();
  }
  return null;
}
