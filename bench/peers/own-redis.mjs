import { spawn } from "node:child_process";
import { once } from "node:events";
import { freePort } from "./ports.mjs";
import { withRedis } from "./redis.mjs";

/** Long enough for an empty server to start. */
const startLimitMs = 10_000;
/** One server per folder. */
const servers = new Map();

/**
 * Starts a Redis in the peer's folder that syncs its log to disk each second. Returns the same server on the next call.
 */
export function startRedis(given) {
  if (!servers.has(given.folder)) servers.set(given.folder, start(given.folder));
  return servers.get(given.folder);
}

async function start(folder) {
  const port = await freePort();
  const settings = { port, bind: "127.0.0.1", dir: folder, appendonly: "yes", appendfsync: "everysec", save: "" };
  const server = spawn(
    "redis-server",
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: "ignore" },
  );
  const failed = once(server, "error").then(([error]) => {
    throw new Error(`redis-server did not start: ${error.message}`);
  });
  const url = `redis://127.0.0.1:${port}`;
  await Promise.race([failed, waitUntilReady(url)]);
  return url;
}

async function waitUntilReady(url) {
  const begun = performance.now();
  for (;;) {
    try {
      await withRedis(url, (redis) => redis.ping());
      return;
    } catch (error) {
      if (performance.now() - begun > startLimitMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
