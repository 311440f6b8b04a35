import { resolve } from "node:path";
import { backupStore, restoreStore } from "../../app/database-file.ts";
import { loadConfig, namedStore, storeOf } from "../../app/load-config.ts";
import { migrateStore } from "../../app/migrate-store.ts";
import type { StoreAddress } from "../../app/store-address.ts";
import type { DefinitionSizesView, StoreSizesView } from "../../wire/store.ts";
import { runCommand, runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import { type Column, table } from "../text.ts";

/** `baton db backup`: a consistent copy, also while Baton is running. */
export function backup(path: string, options: Globals): Promise<Exit> {
  return runCommand(options, async ({ io }) => {
    const { bytes } = await backupStore(await fileOf(options), resolve(path));
    if (io.format === "human") io.lines([`${path}  ${bytes} bytes`]);
    else io.document({ path: resolve(path), bytes });
    return exit.ok;
  });
}

/** `baton db restore`: replaces the store with a copy; the old store is kept next to it. */
export function restore(path: string, options: Globals): Promise<Exit> {
  return runCommand(options, async ({ io }) => {
    const store = await fileOf(options);
    const { kept } = await restoreStore(store, resolve(path));
    if (io.format === "human") {
      io.lines([`restored ${store} from ${path}`]);
      if (kept !== null) io.say(`the previous store was kept as ${kept}`);
      io.say("runs continue from the backup: steps that completed after the backup was made run again");
    } else io.document({ store, kept });
    return exit.ok;
  });
}

/** `baton db stats` */
export function stats(options: Globals): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const sizes = await connection.client.get<StoreSizesView>("/api/db/stats");
    if (io.format !== "human") {
      io.document(sizes);
      return exit.ok;
    }
    const used = sizes.definitions.filter((each) => each.runs > 0);
    if (used.length > 0) io.lines(table(sizeColumns, used, io));
    const { events, artifacts, files } = sizes;
    io.lines([
      `events    ${events.isEstimate ? "~" : ""}${events.count}, ${size(events.bytes)}`,
      `bundles   ${artifacts.count}, ${size(artifacts.bytes)}`,
      `files     ${files.count} next to the store, ${size(files.bytes)}`,
      `store     ${size(sizes.bytes)}, of which ${size(sizes.freeBytes)} free; write-ahead log ${size(sizes.walBytes)}`,
    ]);
    if (sizes.definitions.some((each) => each.isEstimate)) io.say("~ marks estimates from a sample of the runs");
    return exit.ok;
  });
}

const sizeColumns: readonly Column<DefinitionSizesView>[] = [
  { head: "WORKFLOW", cell: (row) => row.definition },
  { head: "RUNS", cell: (row) => String(row.runs) },
  { head: "STEPS", cell: (row) => `${mark(row)}${row.steps}` },
  { head: "INLINE", cell: (row) => `${mark(row)}${size(row.inlineBytes)}` },
  { head: "PAYLOADS", cell: (row) => `${mark(row)}${size(row.payloadBytes)}` },
  { head: "FILES", cell: (row) => `${mark(row)}${size(row.fileBytes)}` },
  { head: "LOGS", cell: (row) => `${mark(row)}${size(row.logBytes)}` },
  { head: "LAST DAY", cell: (row) => `+${size(row.grownLastDay)} (${row.startedLastDay} runs)` },
];

function mark({ isEstimate }: DefinitionSizesView): string {
  return isEstimate ? "~" : "";
}

function size(bytes: number): string {
  if (bytes < 10 * 1024) return `${bytes} B`;
  if (bytes < 10 * 1024 * 1024) return `${Math.round(bytes / 1024)} KiB`;
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

/** `baton db migrate`: the same migration that opening the store performs, at a time that you choose. */
export function migrate(options: Globals & { dryRun?: boolean }): Promise<Exit> {
  return runCommand(options, async ({ io }) => {
    const migrated = await migrateStore(await addressOf(options), { dryRun: options.dryRun === true });
    if (io.format !== "human") io.document(migrated);
    else if (migrated.migrations.length === 0) io.say(`the store already has schema ${migrated.to}`);
    else {
      io.lines(migrated.migrations);
      io.say(
        migrated.isDryRun
          ? "nothing was changed"
          : `migrated from ${migrated.from} to ${migrated.to}${migrated.backup === null ? "" : `; backup of the previous state: ${migrated.backup}`}`,
      );
    }
    return exit.ok;
  });
}

async function addressOf(options: Globals): Promise<StoreAddress> {
  return namedStore(options) ?? storeOf(await loadConfig(options));
}

/** Commands that copy a file do not apply to a store in a database server. */
async function fileOf(options: Globals): Promise<string> {
  const address = await addressOf(options);
  if (address.kind === "sqlite") return address.path;
  throw new CliError(exit.usage, "usage", "baton db backup and restore work on SQLite stores only", {
    hint: "for PostgreSQL use pg_dump --schema, or the backups of your database provider",
  });
}
