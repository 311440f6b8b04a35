import { resolve } from "node:path";
import { backupStore, restoreStore } from "../../app/database-file.ts";
import { loadConfig, namedStorePath, storePath } from "../../app/load-config.ts";
import { session } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";

/** `baton db backup`: a consistent copy, also while Baton works on the store. */
export function backup(path: string, options: Globals): Promise<Exit> {
  return session(options, async ({ io }) => {
    const { bytes } = await backupStore(await storeOf(options), resolve(path));
    if (io.format === "human") io.lines([`${path}  ${bytes} bytes`]);
    else io.document({ path: resolve(path), bytes });
    return exit.ok;
  });
}

/** `baton db restore`: puts a copy in the place of the store; the old one is kept beside it. */
export function restore(path: string, options: Globals): Promise<Exit> {
  return session(options, async ({ io }) => {
    const store = await storeOf(options);
    const { kept } = await restoreStore(store, resolve(path));
    if (io.format === "human") {
      io.lines([`${store} is now as ${path}`]);
      if (kept !== null) io.say(`what was there is kept as ${kept}`);
      io.say("runs go on from where the copy was made: steps that ran since then run again");
    } else io.document({ store, kept });
    return exit.ok;
  });
}

async function storeOf(options: Globals): Promise<string> {
  return namedStorePath(options) ?? storePath(await loadConfig(options));
}
