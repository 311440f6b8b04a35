import type { ErasureView } from "../../wire/store.ts";
import { connected } from "../command.ts";
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
  // Cancelling what a worker holds needs somebody who works.
  const need = options.cancel === true && options.dryRun !== true ? "work" : "act";
  return connected(options, need, async ({ io, connection }) => {
    const { key, cancel, vacuum, reason } = options;
    if ((id === undefined) === (key === undefined))
      throw new CliError(exit.usage, "usage", "name either a run or --key", { hint: "baton erase --help" });
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
      if (!(await confirm(`erase ${runs} ${runs === 1 ? "run" : "runs"} with children and history for good?`)))
        throw new CliError(exit.usage, "usage", "nothing was erased", {
          hint: "add --yes to do it without being asked",
        });
    }
    const erased = await send(options.dryRun === true);
    if (io.format !== "human") io.document(erased);
    else if (erased.isDryRun) {
      io.lines(erased.ids);
      io.say(`would erase ${erased.runs} with their children`);
    } else {
      io.say(
        `erased ${counted(erased.runs, "run")}, ${counted(erased.events, "event")}, ${counted(erased.files, "file")}`,
      );
      if (!erased.isScrubbed)
        io.say("somebody reads the store: a copy stays in its log until they are done; erase again");
      if (!erased.isRewritten)
        io.say("unused corners of the file may hold parts of them until it is written anew: baton erase --vacuum");
      io.say("backups are not touched: remove or replace those that hold these runs");
    }
    return exit.ok;
  });
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
