import type { Page } from "../../wire/page.ts";
import type { RunDetail } from "../../wire/run.ts";
import type { Step } from "../../wire/step.ts";
import type { Client } from "../client.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { errorLine, runPage, verbCommands } from "../run-text.ts";
import { plain } from "../text.ts";

/** `baton show`: a run with all its steps and, as JSON, its full values. */
export function showRun(id: string, options: Globals): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const run = await wholeRun(connection.client, id, io.format !== "human");
    if (io.format === "human") io.lines(runPage(run, io));
    else io.document(run);
    return exit.ok;
  });
}

async function wholeRun(client: Client, id: string, withValues: boolean): Promise<RunDetail> {
  const run = await client.get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`);
  const steps = run.stepCount > run.steps.length ? await allSteps(client, run) : run.steps;
  return withValues ? client.whole({ ...run, steps }) : { ...run, steps };
}

async function allSteps(client: Client, run: RunDetail): Promise<readonly Step[]> {
  const steps: Step[] = [];
  let pageToken: string | undefined;
  do {
    const page: Page<Step> = await client.get(`/api/runs/${run.id}/steps`, { limit: 200, pageToken });
    steps.push(...page.items);
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  return steps;
}

/** `baton why`: the status of a run and what can be done about it, in a few lines. */
export function explainRun(id: string, options: Globals): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const run = await connection.client.get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`);
    const { status, reason, reasonText, verbs } = run;
    if (io.format !== "human") {
      io.document({ id: run.id, status, reason, reasonText, error: run.error, waits: run.waits, verbs });
      return exit.ok;
    }
    const cause = run.error?.cause;
    io.lines([
      `${run.id} ${status}${reasonText === null ? "" : `: ${plain(reasonText)}`}`,
      ...(run.error === null ? [] : [`error: ${plain(errorLine(run.error))}`]),
      ...(cause === undefined ? [] : [`caused by: ${plain(errorLine(cause))}`]),
      ...keptLines(run),
      ...verbCommands(run).map((command) => `next: ${command}`),
    ]);
    return exit.ok;
  });
}

function keptLines(run: RunDetail): string[] {
  const kept = run.steps.filter((step) => step.status === "completed").map((step) => step.key);
  return kept.length === 0 ? [] : [`kept: ${plain(kept.join(", "))}`];
}
