import type { MatchCount, RunSummary } from "../../wire/run.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { readCount } from "../input.ts";
import { runTable } from "../run-text.ts";

export interface RunsOptions extends Globals {
  readonly status?: string;
  readonly name?: string;
  readonly key?: string;
  readonly version?: string;
  readonly attribute?: string;
  readonly fingerprint?: string;
  readonly from?: string;
  readonly to?: string;
  readonly count?: boolean;
  readonly limit: string;
}

export const rowsMax = 100_000;

/** `baton runs` */
export function listRuns(query: string | undefined, options: RunsOptions): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const { status, name, key, version, attribute, fingerprint, from, to } = options;
    const filter = { q: query, status, name, key, version, attribute, fingerprint, from, to };
    if (options.count === true) {
      const { count, isExact } = await connection.client.get<MatchCount>("/api/runs/count", filter);
      if (io.format === "human") io.lines([isExact ? String(count) : `more than ${count}`]);
      else io.document({ count, isExact });
      return exit.ok;
    }
    const limit = readCount("--limit", options.limit, rowsMax);
    const runs = await connection.client.rows<RunSummary>("/api/runs", filter, limit);
    if (io.format !== "human") io.list(runs);
    else if (runs.length === 0) io.say("no runs match");
    else io.lines(runTable(runs, Date.now(), io));
    return exit.ok;
  });
}
