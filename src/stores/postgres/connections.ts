import pg from "pg";
import type { Address } from "./address.ts";
import { toStoreError } from "./errors.ts";
import { storeTypes } from "./types.ts";

/** A server that does not accept a connection within this time is considered down. */
const connectMs = 5_000;
/** Longer than any statement of Baton takes. An unresponsive connection is dropped after this time. */
const silentMs = 15_000;

/**
 * The connections of one store. They are pooled, keep no state between transactions and prepare no named statements, so
 * that they work behind a pooler.
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
    // Without a listener, a lost connection would end the process. The pool reports the loss of an idle connection; for
    // one that is being acquired or released, only the connection itself does.
    this.#pool.on("error", ignore);
    this.#pool.on("connect", (client) => client.on("error", ignore));
  }

  /**
   * Lends a connection. After an error, or if it does not respond within `limitMs`, it is not used again, because its
   * state is unknown.
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
