import { Redis } from "ioredis";

/** The shared server: the one on loopback, or the one in `BATON_PEERS_REDIS`. */
export const redisUrl = process.env.BATON_PEERS_REDIS ?? "redis://127.0.0.1:6379";

/** Runs `work` with its own connection. Throws if the server is unavailable, instead of waiting for it. */
export async function withRedis(url, work) {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  let cause;
  redis.on("error", (error) => {
    cause = error;
  });
  try {
    await redis.connect();
    return await work(redis);
  } catch (error) {
    throw cause ?? error;
  } finally {
    redis.disconnect();
  }
}

export async function readVersion() {
  return withRedis(redisUrl, async (redis) => readInfo(await redis.info("server"), "redis_version"));
}

/** The durability settings: how the server writes its log and when it saves a snapshot. */
export async function readDurability(url) {
  return withRedis(url, async (redis) => {
    const read = async (name) => (await redis.config("GET", name))[1];
    const isLogged = (await read("appendonly")) === "yes";
    const save = await read("save");
    const log = isLogged ? `appendfsync=${await read("appendfsync")}` : "appendonly=no";
    const kept = isLogged || save !== "" ? "" : " (memory only)";
    return `${log} save=${save === "" ? "never" : `"${save}"`}${kept}`;
  });
}

/** The pid of the server, and the size of its log in bytes. */
export async function readState(url) {
  return withRedis(url, async (redis) => {
    const info = await redis.info();
    return {
      pid: Number(readInfo(info, "process_id")),
      logBytes: Number(readInfo(info, "aof_current_size") ?? 0),
    };
  });
}

/** Removes the keys with the prefix. */
export async function clearKeys(prefix) {
  await withRedis(redisUrl, async (redis) => {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 10_000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  });
}

function readInfo(info, name) {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}
