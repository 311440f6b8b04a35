import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endingLimitMs } from "./limits.mjs";

const entry = fileURLToPath(new URL("./run-peer.mjs", import.meta.url));
/** How many characters of a peer's output are kept, to show why it failed. */
const printedMax = 4_000;
/** Leaders of the running process groups. */
const running = new Set();

/**
 * Starts a peer's process with one request, waits for its answer, and ends it with everything it started.
 *
 * @param {object} request The argument of `run-peer.mjs`.
 * @param {number} limitMs
 * @returns {Promise<object>} Its answer, or `{ failed }` with the reason, and what it `printed` if it exited.
 */
export async function queryPeer(request, limitMs) {
  const child = fork(entry, [JSON.stringify(request)], {
    // Its own process group, so that a server it started is ended with it.
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
    timer = setTimeout(() => resolve({ failed: `time limit of ${Math.round(limitMs / 1000)} s reached` }), limitMs);
    child.on("message", resolve);
    child.on("error", (error) => resolve({ failed: error.message }));
    child.on("exit", (code, signal) => resolve({ failed: `its process exited (${signal ?? code})`, printed }));
  });
  clearTimeout(timer);
  await endGroup(child);
  return answer;
}

/** Kills all groups without waiting, when this process is ended. */
export function killAll() {
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
  // A server that is slow to stop outlives the process that started it.
  killGroup(child.pid, "SIGKILL");
  running.delete(child.pid);
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group is empty.
    if (error.code !== "ESRCH") throw error;
  }
}
