import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * What the peers stand on, made ready and cleared away by the process that outlives them: folder, database, keys.
 * The servers' packages are loaded when they are first needed, which is after they were installed.
 */
export class Ground {
  #folder;
  #count = 0;
  /** How each kind of server is made ready for one peer; gives what the peer is told, and how to clear it away. */
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

  /** @param {string} folder An empty one, of this benchmark alone. */
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

/** Which shared servers answer, with their versions, or why they do not. */
export async function describeServers() {
  const ask = async (load) => {
    try {
      return await load();
    } catch (error) {
      return `not there (${error.code ?? error.message})`;
    }
  };
  return {
    postgres: await ask(async () => {
      const { dropLeftovers, readVersion } = await import("./postgres.mjs");
      await dropLeftovers();
      return readVersion();
    }),
    redis: await ask(async () => (await import("./redis.mjs")).readVersion()),
  };
}
