import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian's Chromium, or the one that is named. */
export const chromiumPath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Whether the tests in a browser can run. Where nothing may be left out, what is missing is installed, or fails. */
export function provideChromium(): boolean {
  if (existsSync(chromiumPath)) return true;
  if (process.env["BATON_CI"] !== "1") {
    console.log(
      `\nTHE CONSOLE'S BROWSER TESTS ARE LEFT OUT: there is no Chromium at ${chromiumPath} (CHROMIUM_PATH)\n`,
    );
    return false;
  }
  console.log("installing Chromium for the console's tests");
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
