import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Creates and removes what a peer uses: folder, database, keys. This runs in the parent process, which outlives the
 * peers. The server packages are imported on first use, because they are installed when the benchmark starts.
 */
export class Resources {
  #folder;
  #count = 0;
  /** Prepares each kind of server for one peer. Returns settings for the peer, and a function that cleans up. */
  #kinds = {
    none: async () => ({ given: {}, clear: async () => {} }),
    postgres: async (peer) => {
      const { createDatabase, dropDatabase, urlOf } = await import("./postgres.mjs");
      const database = await createDatabase(peer);
      return { given: { url: urlOf(database) }, clear: () => dropDatabase(database) };
    },
    redis: async () => {
      const { clearKeys, redisUrl } = await import("./redis.mjs");
      const prefix = `baton_peers_${process.pid}`;
      return { given: { redis: redisUrl, prefix }, clear: () => clearKeys(prefix) };
    },
  };

  /** @param {string} folder An empty folder of this benchmark. */
  constructor(folder) {
    this.#folder = folder;
  }

  /** @param {string} peer @param {"none" | "postgres" | "redis"} server */
  async prepare(peer, server) {
    const folder = join(this.#folder, String(this.#count++));
    mkdirSync(folder, { recursive: true });
    const { given, clear } = await this.#kinds[server](peer);
    return {
      given: { url: "", redis: "", prefix: "", folder, ...given },
      clear: async () => {
        // A killed server may still be closing its last file.
        rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
        await clear();
      },
    };
  }
}

/** The versions of the shared servers, or why they are unavailable. */
export async function describeServers() {
  const describe = async (load) => {
    try {
      return await load();
    } catch (error) {
      return `unavailable (${error.code ?? error.message})`;
    }
  };
  return {
    postgres: await describe(async () => {
      const { dropLeftovers, readVersion } = await import("./postgres.mjs");
      await dropLeftovers();
      return readVersion();
    }),
    redis: await describe(async () => (await import("./redis.mjs")).readVersion()),
  };
}
