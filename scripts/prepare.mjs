// Starts every npm script. It runs on the machine's own Node (20 or newer), installs the packages once, and then starts
// the task with the Node 26 from node_modules. This file may use only features of Node 20.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".baton-prepared");
const node26 = join(root, "node_modules", "node", "bin", "node");
const source = ["--conditions=source"];

/** The tasks, with the arguments for Node 26. */
const tasks = {
  start: [...source, "examples/customer-onboarding/start.ts"],
  onboard: [...source, "examples/customer-onboarding/onboard.ts"],
  example: [...source, "examples/start.ts"],
  test: [...source, "test/run.ts"],
  sim: [...source, "src/simulation/main.ts"],
  sweep: [...source, "src/simulation/main.ts", "--seeds", "20000"],
  bench: [...source, "bench/main.ts"],
  scale: [...source, "bench/scale.ts"],
  faults: [...source, "test/faults/main.ts"],
  schema: [...source, "scripts/schema.ts"],
  docs: [...source, "scripts/docs.ts"],
};

/** Tasks that need the built console. */
const servesPages = ["start", "test", "bench"];

const [task = "", ...rest] = process.argv.slice(2);
if (!(task in tasks)) {
  console.error(`Unknown task ${task}. Use one of: ${Object.keys(tasks).join(", ")}`);
  process.exit(2);
}
if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`Baton needs Node 20 or newer to install its packages. This is Node ${process.versions.node}.`);
  process.exit(1);
}
process.chdir(root);
install();
linkCommand();
if (servesPages.includes(task)) buildConsole();
run([...tasks[task], ...rest]);

/** Installs the packages of the lockfile, unless they are already installed. */
function install() {
  const wanted = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(node26)) return;
  console.error("Installing packages (first start only)…");
  // Not `npm ci`: it refuses a lockfile without the optional packages of every platform, and some registries lack some.
  const { status } = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0 || !existsSync(node26)) {
    console.error(
      "npm install failed: see its message above. Baton needs access to the npm registry for its first start.",
    );
    process.exit(status === 0 ? 1 : (status ?? 1));
  }
  writeFileSync(stamp, wanted);
}

/** Builds the console if its sources have changed since the last build. */
function buildConsole() {
  const hash = createHash("sha256");
  for (const folder of ["console", "src/wire"]) addFolder(hash, folder);
  hash.update(readFileSync("package-lock.json")).update(readFileSync("scripts/console.mjs"));
  const built = join(root, "console", "dist", ".built-from");
  const wanted = hash.digest("hex");
  if (existsSync(built) && readFileSync(built, "utf8") === wanted) return;
  const { status } = spawnSync(node26, ["scripts/console.mjs"], { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(built, wanted);
}

function addFolder(hash, folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name === "dist" || entry.name === "node_modules") continue;
    if (entry.isDirectory()) addFolder(hash, path);
    else hash.update(path).update(readFileSync(path));
  }
}

/** Links the checkout's own command, so that `npx baton` finds it. */
function linkCommand() {
  const link = join(root, "node_modules", ".bin", "baton");
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync("../../bin/baton.js", link);
}

function run(args) {
  const env = {
    ...process.env,
    PATH: `${join(root, "node_modules", ".bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`,
  };
  const child = spawn(node26, args, { stdio: "inherit", env });
  // A terminal sends Ctrl-C to the whole process group. A supervisor sends its signal only to this process.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal !== null) process.exit(130);
    process.exit(code ?? 1);
  });
}
