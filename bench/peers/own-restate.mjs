import { execFileSync, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { freePort } from "./ports.mjs";

/** An empty server forms a cluster of one node before it responds. */
const startLimitMs = 30_000;
const binary = createRequire(import.meta.url).resolve(
  `@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`,
);
/** One server per folder. */
const servers = new Map();

/** Starts a Restate server with default settings in the peer's folder. Returns the same server on the next call. */
export function startRestate(given) {
  if (!servers.has(given.folder)) servers.set(given.folder, start(given.folder));
  return servers.get(given.folder);
}

async function start(folder) {
  const [ingress, admin, fabric] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...process.env,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_DISABLE_TELEMETRY: "true",
    RESTATE_LOG_FILTER: "warn",
  };
  const flags = ["--base-dir", folder, "--bind-address", `127.0.0.1:${fabric}`, "--listen-mode", "tcp", "--no-logo"];
  const server = spawn(binary, flags, { env, stdio: ["ignore", "ignore", "inherit"] });
  const adminUrl = `http://127.0.0.1:${admin}`;
  await untilHealthy(adminUrl, server);
  await untilHealthy(`http://127.0.0.1:${ingress}/restate`, server);
  return {
    pid: server.pid,
    ingressUrl: `http://127.0.0.1:${ingress}`,
    durability: readDurability(flags, env),
    /** Registers a service endpoint. */
    register: (uri) => post(`${adminUrl}/deployments`, { uri }),
    /** The number of invocations that match an SQL condition. */
    count: async (condition) => {
      const query = `SELECT count(*) AS count FROM sys_invocation WHERE ${condition}`;
      return (await post(`${adminUrl}/query`, { query })).rows[0].count;
    },
  };
}

async function untilHealthy(url, server) {
  const begun = performance.now();
  for (;;) {
    if (server.exitCode !== null) throw new Error(`restate-server exited with ${server.exitCode}`);
    const isHealthy = await fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isHealthy) return;
    if (performance.now() - begun > startLimitMs) throw new Error("restate-server did not become healthy");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function post(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url} returned ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Reads the durability settings from the configuration that the server prints. */
function readDurability(flags, env) {
  const config = execFileSync(binary, [...flags, "--dump-config"], { env, encoding: "utf8" });
  const log = config.slice(config.indexOf("[bifrost.local]"));
  const read = (name) => new RegExp(`^${name} = (.*)$`, "m").exec(log)?.[1] ?? "?";
  return `as shipped: log rocksdb-disable-wal=${read("rocksdb-disable-wal")} rocksdb-disable-wal-fsync=${read("rocksdb-disable-wal-fsync")}`;
}
