import { readAddress } from "./address.ts";
import { Connections } from "./connections.ts";
import { toStoreError } from "./errors.ts";
import { migrate, readMigrations, readSchema } from "./migrate.ts";

/** Migrates a store's schema. With `dryRun` it only lists the migrations. */
export async function migratePostgres(
  url: string,
  { dryRun }: { dryRun: boolean },
): Promise<{ from: number; migrations: readonly string[] }> {
  const connections = new Connections(readAddress(url), { max: 1 });
  try {
    return await connections.use(async (client) => {
      const { version: from } = await readSchema(client, connections.schema);
      const migrations = readMigrations()
        .filter((migration) => migration.version > from)
        .map((migration) => migration.name);
      if (!dryRun) await migrate(client, connections.schema);
      return { from, migrations };
    }, migrateMs);
  } catch (error) {
    throw toStoreError(error, false);
  } finally {
    await connections.close();
  }
}

/** A migration may have to process a large table. */
const migrateMs = 3_600_000;
