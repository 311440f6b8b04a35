import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endingLimitMs } from "./limits.mjs";

const entry = fileURLToPath(new URL("./run-peer.mjs", import.meta.url));
/** How much of what a peer printed is kept, to say why it failed. */
const printedMax = 4_000;
/** Leaders of the process groups that run now. */
const running = new Set();

/**
 * Asks a peer's process one question and ends it, with everything it started.
 *
 * @param {object} question What `run-peer.mjs` takes.
 * @param {number} limitMs
 * @returns {Promise<object>} Its answer, or `{ failed }` with the reason and what it `printed` when it died.
 */
export async function askPeer(question, limitMs) {
  const child = fork(entry, [JSON.stringify(question)], {
    // A group of its own, so that a server it started is ended with it.
    detached: true,
    execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.add(child.pid);
  let printed = "";
  const keep = (chunk) => {
    printed = (printed + chunk).slice(-printedMax);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  let timer;
  const answer = await new Promise((resolve) => {
    timer = setTimeout(() => resolve({ failed: `its limit of ${Math.round(limitMs / 1000)} s passed` }), limitMs);
    child.on("message", resolve);
    child.on("error", (error) => resolve({ failed: error.message }));
    child.on("exit", (code, signal) => resolve({ failed: `its process ended (${signal ?? code})`, printed }));
  });
  clearTimeout(timer);
  await endGroup(child);
  return answer;
}

/** Ends all groups at once, without waiting: for when this process is itself ended. */
export function endAll() {
  for (const pid of running) killGroup(pid, "SIGKILL");
}

async function endGroup(child) {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const hasEnded = child.exitCode !== null || child.signalCode !== null;
  killGroup(child.pid, "SIGTERM");
  if (!hasEnded) {
    const timer = setTimeout(() => killGroup(child.pid, "SIGKILL"), endingLimitMs);
    await gone;
    clearTimeout(timer);
  }
  // A server that took its time outlives the process that started it.
  killGroup(child.pid, "SIGKILL");
  running.delete(child.pid);
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Nobody left in the group.
    if (error.code !== "ESRCH") throw error;
  }
}
