// What every npm script begins with. It runs on whatever Node the machine has (20 or newer), installs what is missing
// once, and hands over to the Node 26 that the project brings along. Nothing newer than Node 20 may be used here.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".baton-prepared");
const node26 = join(root, "node_modules", "node", "bin", "node");
const source = ["--conditions=source"];

/** Each task: the arguments of Node 26. */
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

/** Tasks that serve the console's pages, or test them. */
const servesPages = ["start", "test", "bench"];

const [task = "", ...rest] = process.argv.slice(2);
if (!(task in tasks)) {
  console.error(`unknown task ${task}; one of ${Object.keys(tasks).join(", ")}`);
  process.exit(2);
}
if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`Baton needs Node 20 or newer to install itself; this is ${process.versions.node}.`);
  process.exit(1);
}
process.chdir(root);
install();
linkCommand();
if (servesPages.includes(task)) buildConsole();
run([...tasks[task], ...rest]);

/** Installs exactly what the lockfile says, when that is not what is there. */
function install() {
  const wanted = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(node26)) return;
  console.error("Installing what Baton needs (once)…");
  // Not `npm ci`: it refuses a lockfile without every platform's optional packages, and a registry may lack some.
  const { status } = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0 || !existsSync(node26)) {
    console.error(
      "npm install did not succeed: see its message above. Baton needs the npm registry for its first start.",
    );
    process.exit(status === 0 ? 1 : (status ?? 1));
  }
  writeFileSync(stamp, wanted);
}

/** Builds the console's pages when what they are made of is not what they were built from. */
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

/** So that `npx baton` finds this checkout's own command. */
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
  // A terminal sends Ctrl-C to the whole group; a supervisor sends its signal only here.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal !== null) process.exit(130);
    process.exit(code ?? 1);
  });
}
