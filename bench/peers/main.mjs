import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { killAll, queryPeer } from "./child.mjs";
import { installPeers } from "./install.mjs";
import { chooseSizes, totalLimitMs, workloadLimitMs, workloadNames } from "./limits.mjs";
import { describeMachine } from "./machine.mjs";
import { peers } from "./peers/index.mjs";
import { describeServers, Resources } from "./resources.mjs";
import { printHead, printMissing, printPeer, printRow } from "./table.mjs";

/** `node bench/peers/main.mjs [peer …]`: runs other systems on the workloads of Baton's own benchmark. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    workload: { type: "string", multiple: true, default: [] },
  },
});
refuseUnknown("peer", positionals, Object.keys(peers));
refuseUnknown("workload", values.workload, workloadNames);
const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
await useProjectNode();
const problem = installPeers(here);
if (problem !== null) {
  console.error(`The peers could not be installed: ${problem}`);
  process.exit(1);
}

const begunAt = performance.now();
const sizes = chooseSizes(values);
// On the disk of the checkout, because /tmp may be in memory, where a commit is free.
const folder = join(root, ".baton", `peers-${process.pid}`);
mkdirSync(folder, { recursive: true });
const resources = new Resources(folder);
/** Removes the resources of the current peer. */
let clear = async () => {};
let isEnding = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, async () => {
    isEnding = true;
    killAll();
    await clear();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
}
try {
  const machine = describeMachine(folder);
  const servers = await describeServers();
  if (values.json) console.log(JSON.stringify({ machine, servers, sizes }));
  else printHead(machine, servers);
  for (const name of positionals.length > 0 ? positionals : Object.keys(peers)) await runPeer(name);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function runPeer(name) {
  const wanted = workloadNames.filter((each) => values.workload.length === 0 || values.workload.includes(each));
  const about = limitMs() > 0 ? await queryPeer({ name }, limitMs()) : { absent: {} };
  if (about.failed !== undefined) {
    for (const workload of wanted) missing(name, about, workload, `did not start: ${reasonOf(about)}`);
    return;
  }
  for (const workload of wanted) {
    if (isEnding) return;
    if (about.absent[workload] !== undefined) missing(name, about, workload, about.absent[workload]);
    else if (limitMs() <= 0)
      missing(name, about, workload, "skipped: the time limit of the whole benchmark was reached");
    else await runWorkload(name, about, workload);
  }
}

async function runWorkload(name, about, workload) {
  let answer;
  try {
    const prepared = await resources.prepare(name, peers[name].server);
    clear = prepared.clear;
    answer = await queryPeer({ name, workload, sizes, ...prepared.given }, limitMs());
    await prepared.clear();
  } catch (error) {
    answer = { failed: error.code ?? error.message };
  }
  clear = async () => {};
  if (answer.failed !== undefined) {
    missing(name, about, workload, `did not finish: ${reasonOf(answer)}`);
    return;
  }
  if (!values.json && !about.isPrinted) printPeer(name, about.version, answer.durability);
  about.isPrinted = true;
  for (const row of answer.rows) {
    const { version } = about;
    if (values.json) console.log(JSON.stringify({ peer: name, version, durability: answer.durability, ...row }));
    else printRow(name, row);
  }
}

function missing(name, { version = null }, workload, reason) {
  if (isEnding) return;
  if (values.json) console.log(JSON.stringify({ peer: name, version, workload, value: null, reason }));
  else printMissing(name, workload, reason);
}

/** One line: the error message, and the last line that the peer printed. */
function reasonOf({ failed, printed = "" }) {
  const last = printed.split("\n").findLast((each) => each.trim() !== "");
  const [first] = failed.split("\n");
  return last === undefined || first.includes(last) ? first : `${first} (it printed: ${last.slice(0, 200)})`;
}

/** The time limit of the next workload, so that the whole benchmark ends in time. */
function limitMs() {
  return Math.min(workloadLimitMs, totalLimitMs - (performance.now() - begunAt));
}

function refuseUnknown(kind, names, known) {
  const unknown = names.filter((each) => !known.includes(each));
  if (unknown.length === 0) return;
  console.error(`Unknown ${kind} ${unknown.join(", ")}. Use one of: ${known.join(", ")}`);
  process.exit(2);
}

/** Restarts with the project's own Node if this one is too old, so that all figures are from one version. */
async function useProjectNode() {
  const node = join(root, "node_modules", "node", "bin", "node");
  if (Number(process.versions.node.split(".")[0]) >= 26) return;
  if (!existsSync(node)) {
    console.error(`This needs Node 26 (this is ${process.versions.node}): run npm test once to install it.`);
    process.exit(1);
  }
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both processes. Other senders signal only this one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, "exit");
  process.exit(code ?? 130);
}
