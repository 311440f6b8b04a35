import { configLines } from "../../app/config-lines.ts";
import { loadConfig } from "../../app/load-config.ts";
import { runCommand } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { table } from "../text.ts";

/** `baton config`: every effective setting and where it comes from. */
export function printConfig(options: Globals): Promise<Exit> {
  return runCommand(options, async ({ io }) => {
    const lines = configLines(await loadConfig(options));
    if (io.format !== "human") io.list(lines);
    else {
      const columns = [
        { head: "SETTING", cell: (line: (typeof lines)[number]) => line.name },
        { head: "VALUE", cell: (line: (typeof lines)[number]) => (line.value === null ? "-" : String(line.value)) },
        { head: "FROM", cell: (line: (typeof lines)[number]) => line.from },
      ];
      io.lines(table(columns, lines, io));
    }
    return exit.ok;
  });
}
