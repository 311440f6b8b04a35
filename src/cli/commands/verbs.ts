import type { RunDetail } from "../../wire/run.ts";
import type { Verb, VerbBody, VerbPreview } from "../../wire/verb.ts";
import type { MoveBody, MovedRuns } from "../../wire/version.ts";
import { type CommandContext, runConnected } from "../command.ts";
import type { Connection, Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import { followRun } from "../follow.ts";
import { readJson } from "../input.ts";
import { runPage, stepLine } from "../run-text.ts";
import { plain } from "../text.ts";

export interface VerbOptions extends Globals {
  readonly from?: string;
  readonly step?: string;
  /** The version to continue on. */
  readonly on?: string;
  readonly output?: string;
  readonly compensate?: boolean;
  readonly stopClocks?: boolean;
  readonly input?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  /** False with `--no-wait`. */
  readonly wait?: boolean;
}

/** Actions after which a run continues; the command waits until the run stops again. */
const moving: ReadonlySet<Verb> = new Set(["resume", "restart", "complete-step", "retry", "compensate", "rerun"]);

/** `baton resume` and the other recovery actions. */
export function applyVerb(verb: Verb, id: string, options: VerbOptions): Promise<Exit> {
  const follows = moving.has(verb) && options.wait !== false && options.dryRun !== true;
  return runConnected(options, follows ? "work" : "act", async ({ connection, ...context }) => {
    const path = `/api/runs/${encodeURIComponent(id)}/${verb}`;
    const body = await verbBody(verb, options);
    if (options.on !== undefined) await moveTo(connection, id, options);
    if (options.dryRun) return preview(context, await connection.client.post<VerbPreview>(path, body));
    const run = await connection.client.post<RunDetail>(path, body);
    if (follows) return follow(context, connection, run);
    if (context.io.format === "human") context.io.lines(runPage(run, context.io));
    else context.io.document(run);
    return exit.ok;
  });
}

/** If the run cannot continue on that version, nothing is changed. */
async function moveTo({ client }: Connection, id: string, options: VerbOptions): Promise<void> {
  const to = Number(options.on);
  if (!(Number.isInteger(to) && to > 0))
    throw new CliError(exit.usage, "usage", `--on must be a version number, not ${JSON.stringify(options.on)}`);
  const { id: run, name, version: from } = await client.get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`);
  if (from === to) return;
  const { reason, dryRun } = options;
  const body: MoveBody = { from, to, run, ...(reason === undefined ? {} : { reason }), ...(dryRun ? { dryRun } : {}) };
  const { left } = await client.post<MovedRuns>(`/api/definitions/${encodeURIComponent(name)}/move`, body);
  const [stays] = left;
  if (stays === undefined) return;
  throw new CliError(exit.conflict, "illegal", `run ${run} cannot continue on version ${to}: ${plain(stays.reason)}`, {
    hint: `baton versions ${name} --move ${from} --to ${to} --dry-run shows both step lists`,
    details: { ...stays },
  });
}

async function verbBody(verb: Verb, options: VerbOptions): Promise<VerbBody> {
  const { from, step = from, input, output, reason, dryRun, compensate, stopClocks } = options;
  return {
    ...(step === undefined ? {} : { step }),
    ...(verb === "complete-step" ? { output: output === undefined ? null : await readJson("--output", output) } : {}),
    ...(compensate === true ? { compensate } : {}),
    ...(stopClocks === true ? { stopClocks } : {}),
    ...(input === undefined ? {} : { input: await readJson("--input", input) }),
    ...(reason === undefined ? {} : { reason }),
    ...(dryRun === true ? { dryRun } : {}),
  };
}

function preview({ io }: CommandContext, result: VerbPreview): Exit {
  if (io.format !== "human") io.document(result);
  else {
    const list = (keys: readonly string[]): string => (keys.length === 0 ? "nothing" : plain(keys.join(", ")));
    io.lines([
      `preview: ${result.verb} ${result.run} (${result.status})`,
      `run again: ${list(result.runsAgain)}`,
      `keep:      ${list(result.kept)}`,
      ...(result.undone.length === 0 ? [] : [`undo:      ${list(result.undone)} (steps that declare a compensation)`]),
      ...(result.notIdempotent.length === 0 ? [] : [`warning:   not safe to repeat: ${list(result.notIdempotent)}`]),
    ]);
  }
  return exit.ok;
}

async function follow({ io, signal }: CommandContext, connection: Connection, moved: RunDetail): Promise<Exit> {
  const run = await followRun(connection.client, moved.id, {
    signal,
    timeoutMs: null,
    endsWhenParked: true,
    ...(io.format === "human" ? { onStep: (step) => io.say(stepLine(step, io.paint)) } : {}),
  });
  if (io.format === "human") io.lines(["", ...runPage(run, io)]);
  else io.document(await connection.client.whole(run));
  return run.status === "completed" || run.status === "waiting" ? exit.ok : exit.failed;
}
