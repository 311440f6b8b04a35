import { readFileSync, writeFileSync } from "node:fs";
import type { RunDetail } from "../../wire/run.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";

export interface ExportCommand extends Globals {
  readonly out?: string;
}

export interface ImportCommand extends Globals {
  readonly reason?: string;
}

/** `baton export` */
export function exportRun(id: string, options: ExportCommand): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const fixture = await connection.client.get<object>(`/api/runs/${encodeURIComponent(id)}/export`);
    if (options.out === undefined) {
      io.document(fixture);
      return exit.ok;
    }
    // An exported run contains its inputs: no other user of the machine should be able to read it.
    writeFileSync(options.out, `${JSON.stringify(fixture, null, 2)}\n`, { mode: 0o600 });
    if (io.format === "human")
      io.say(`${options.out} contains the inputs and outputs of the run: protect it like the store`);
    else io.document({ path: options.out });
    return exit.ok;
  });
}

/** `baton import` */
export function importRun(file: string, options: ImportCommand): Promise<Exit> {
  return runConnected(options, "act", async ({ io, connection }) => {
    const { reason } = options;
    const fixture = readJson(file);
    const run = await connection.client.post<RunDetail>("/api/imports", {
      fixture,
      ...(reason === undefined ? {} : { reason }),
    });
    if (io.format === "human") io.lines([run.id]);
    else io.document(run);
    return exit.ok;
  });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(exit.usage, "invalid-fixture", `${file} cannot be read as an exported run: ${why}`, {
      hint: "create one with: baton export RUN --out FILE",
    });
  }
}
