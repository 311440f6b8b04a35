import { randomUUID } from "node:crypto";
import pg, { type ClientBase } from "pg";
import { readAddress } from "../../src/stores/postgres/address.ts";
import { Connections } from "../../src/stores/postgres/connections.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { addressOf } from "./server.ts";

/** Reads arrays of text as arrays here; the store has none. */
const plain: pg.CustomTypesConfig = { getTypeParser: pg.types.getTypeParser };

/** Reads a schema that all migrations have created, and drops it afterwards. */
export async function withMigratedSchema<T>(
  server: string,
  read: (client: ClientBase, schema: string) => Promise<T>,
): Promise<T> {
  const schema = `baton_golden_${randomUUID().slice(0, 8)}`;
  const connections = new Connections(readAddress(addressOf(server, schema)), { max: 1, types: plain });
  try {
    return await connections.use(async (client) => {
      await migrate(client, schema);
      return read(client, schema);
    });
  } finally {
    await connections.use((client) => client.query(`drop schema if exists "${schema}" cascade`));
    await connections.close();
  }
}
