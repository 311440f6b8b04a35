// Compiles src to dist. The published package contains JavaScript, because Node does not strip types under
// node_modules.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync(join("node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json"], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
const console = spawnSync(process.execPath, [join("scripts", "console.mjs"), join("dist", "console")], {
  stdio: "inherit",
});
if (console.status !== 0) process.exit(console.status ?? 1);
for (const store of ["sqlite", "postgres"]) {
  mkdirSync(`dist/stores/${store}/migrations`, { recursive: true });
  cpSync(`src/stores/${store}/migrations`, `dist/stores/${store}/migrations`, { recursive: true });
}
