import pg from "pg";
import type { Address } from "./address.ts";
import { toStoreError } from "./errors.ts";
import { storeTypes } from "./types.ts";

/** A server that does not answer a new connection for so long is not there. */
const connectMs = 5_000;
/** Longer than any statement of ours takes; a connection that has gone silent is given up then. */
const silentMs = 15_000;

/**
 * Connections of one store. They are pooled, keep no state between transactions and prepare nothing by name, so that a
 * pooler may stand in between.
 */
export class Connections {
  readonly schema: string;
  readonly #pool: pg.Pool;

  constructor(address: Address, options: { max: number; types?: pg.CustomTypesConfig }) {
    this.schema = address.schema;
    this.#pool = new pg.Pool({
      connectionString: address.url,
      max: options.max,
      connectionTimeoutMillis: connectMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      application_name: "baton",
      types: options.types ?? storeTypes,
    });
    // Without a listener the loss of a connection would end the process: of an idle one the pool tells, of one that is
    // being lent or given back only the connection itself does.
    this.#pool.on("error", ignore);
    this.#pool.on("connect", (client) => client.on("error", ignore));
  }

  /**
   * Lends a connection. One on which something was thrown is not used again: what it has under way is unknown. So is
   * one that does not answer within `limitMs`.
   */
  async use<T>(work: (client: pg.PoolClient) => Promise<T>, limitMs = silentMs): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw toStoreError(error, false);
    }
    const silence = Promise.withResolvers<never>();
    const timer = setTimeout(() => silence.reject(new Error("the connection timed out")), limitMs);
    let failure: unknown = null;
    try {
      return await Promise.race([work(client), silence.promise]);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      clearTimeout(timer);
      client.release(failure !== null);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function ignore(): void {}
