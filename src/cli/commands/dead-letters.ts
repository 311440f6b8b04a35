import type { DeadLetterGroup } from "../../wire/dead-letter.ts";
import type { RunSummary } from "../../wire/run.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { readCount } from "../input.ts";
import { runTable } from "../run-text.ts";
import { ago, type Column, table } from "../text.ts";
import { rowsMax } from "./runs.ts";

export interface DeadLettersOptions extends Globals {
  readonly fingerprint?: string;
  readonly limit: string;
}

/** `baton dead-letters`: one line per error, or with `--fingerprint` the runs of one. */
export function listDeadLetters(options: DeadLettersOptions): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection: { client } }) => {
    const limit = readCount("--limit", options.limit, rowsMax);
    const { fingerprint } = options;
    if (fingerprint !== undefined) {
      const runs = await client.rows<RunSummary>("/api/dead-letters", { fingerprint }, limit);
      if (io.format !== "human") io.list(runs);
      else if (runs.length === 0) io.say("no dead letters with this fingerprint");
      else io.lines(runTable(runs, Date.now(), io));
      return exit.ok;
    }
    const groups = await client.rows<DeadLetterGroup>("/api/dead-letters", {}, limit);
    if (io.format !== "human") io.list(groups);
    else if (groups.length === 0) io.say("no dead letters");
    else io.lines(table(columns(Date.now()), groups, io));
    return exit.ok;
  });
}

function columns(now: number): readonly Column<DeadLetterGroup>[] {
  return [
    { head: "RUNS", cell: (group) => String(group.count) },
    { head: "WORKFLOW", cell: (group) => group.name },
    { head: "STEP", cell: (group) => group.step ?? "-" },
    { head: "LAST", cell: (group) => ago(group.lastAt, now) },
    { head: "FINGERPRINT", cell: (group) => group.fingerprint },
    { head: "SAMPLE", cell: (group) => group.sample },
    { head: "ERROR", cell: (group) => group.message },
  ];
}
