import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Path of Debian's Chromium, or the one set in the environment. */
export const chromiumPath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Whether the browser tests can run. In CI, a missing Chromium is installed, and a failure to do so fails the run. */
export function provideChromium(): boolean {
  if (existsSync(chromiumPath)) return true;
  if (process.env["BATON_CI"] !== "1") {
    console.log(`\nTHE BROWSER TESTS OF THE CONSOLE ARE SKIPPED: no Chromium at ${chromiumPath} (CHROMIUM_PATH)\n`);
    return false;
  }
  console.log("installing Chromium for the console tests");
  const apt = (args: readonly string[]): void =>
    void execFileSync("apt-get", args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  try {
    apt(["install", "-y", "--no-install-recommends", "chromium"]);
  } catch {
    apt(["update"]);
    apt(["install", "-y", "--no-install-recommends", "chromium"]);
  }
  return existsSync(chromiumPath);
}
