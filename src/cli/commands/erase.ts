import type { ErasureView } from "../../wire/store.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import { confirm } from "../input.ts";

export interface EraseCommand extends Globals {
  readonly key?: string;
  readonly cancel?: boolean;
  readonly vacuum?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `baton erase` */
export function erase(id: string | undefined, options: EraseCommand): Promise<Exit> {
  // Cancelling a leased run needs a running worker.
  const need = options.cancel === true && options.dryRun !== true ? "work" : "act";
  return runConnected(options, need, async ({ io, connection }) => {
    const { key, cancel, vacuum, reason } = options;
    if ((id === undefined) === (key === undefined))
      throw new CliError(exit.usage, "usage", "give either a run or --key", { hint: "baton erase --help" });
    const asked = {
      ...(key === undefined ? { run: id } : { key }),
      ...(cancel === true ? { cancel } : {}),
      ...(vacuum === undefined ? {} : { vacuum }),
      ...(reason === undefined ? {} : { reason }),
    };
    const send = (dryRun: boolean): Promise<ErasureView> =>
      connection.client.post<ErasureView>("/api/erase", { ...asked, dryRun });
    if (options.dryRun !== true && options.yes !== true) {
      const { runs } = await send(true);
      if (!(await confirm(`erase ${runs} ${runs === 1 ? "run" : "runs"} with child runs and history permanently?`)))
        throw new CliError(exit.usage, "usage", "nothing was erased", {
          hint: "add --yes to confirm without a prompt",
        });
    }
    const erased = await send(options.dryRun === true);
    if (io.format !== "human") io.document(erased);
    else if (erased.isDryRun) {
      io.lines(erased.ids);
      io.say(`would erase ${counted(erased.runs, "run")}, including child runs`);
    } else {
      io.say(
        `erased ${counted(erased.runs, "run")}, ${counted(erased.events, "event")}, ${counted(erased.files, "file")}`,
      );
      if (!erased.isScrubbed)
        io.say(
          "another process is reading the store: a copy remains in the write-ahead log until it finishes; run this command again then",
        );
      if (!erased.isRewritten)
        io.say(
          "free pages of the file may still contain parts of the data until it is rewritten: baton erase --vacuum",
        );
      io.say("backups are not changed: remove or replace those that contain these runs");
    }
    return exit.ok;
  });
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
