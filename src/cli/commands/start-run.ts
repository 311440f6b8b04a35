import { parseDuration } from "../../stdx/duration.ts";
import type { RunDetail } from "../../wire/run.ts";
import type { StartBody } from "../../wire/start.ts";
import { type CommandContext, runConnected } from "../command.ts";
import type { Connection, Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import { followRun } from "../follow.ts";
import { readJson } from "../input.ts";
import { runPage, stepLine } from "../run-text.ts";

export interface RunOptions extends Globals {
  readonly input?: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly at?: string;
  readonly after?: string;
  readonly wait?: boolean;
  readonly watch?: boolean;
  readonly timeout?: string;
}

/** `baton run`: starts a run, and with `--wait` or `--watch` waits until it has ended. */
export function startRun(name: string, options: RunOptions): Promise<Exit> {
  const waits = options.wait === true || options.watch === true;
  return runConnected(options, waits ? "work" : "act", async ({ connection, ...context }) => {
    const { io } = context;
    const timeoutMs = options.timeout === undefined ? null : readTimeout(options.timeout);
    const started = await connection.client.post<RunDetail>("/api/runs", await startBody(name, options));
    if (waits) return await finish(context, connection, started, { timeoutMs, isWatched: options.watch === true });
    if (io.format === "human") io.lines([started.id]);
    else io.document(started);
    if (!connection.isServer && started.status === "pending")
      io.say("no server is running: the run begins when one starts (baton start), or run it here with --wait");
    return exit.ok;
  });
}

async function startBody(name: string, options: RunOptions): Promise<StartBody> {
  const { input, key, idempotencyKey, at, after } = options;
  return {
    name,
    ...(input === undefined ? {} : { input: await readJson("--input", input) }),
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(at === undefined ? {} : { at }),
    ...(after === undefined ? {} : { after }),
  };
}

function readTimeout(given: string): number {
  try {
    return parseDuration(given);
  } catch (cause) {
    throw new CliError(exit.usage, "usage", `--timeout: ${(cause as Error).message}`, { cause });
  }
}

/** Follows a run to its end and prints it. The exit code shows how it ended. */
export async function finish(
  { io, signal }: CommandContext,
  connection: Connection,
  started: RunDetail,
  options: { timeoutMs: number | null; isWatched: boolean },
): Promise<Exit> {
  const tells = io.format === "human" && options.isWatched;
  if (tells) io.say(`run ${started.id}`);
  const run = await followRun(connection.client, started.id, {
    signal,
    timeoutMs: options.timeoutMs,
    // Without a server, no other process can deliver what the run is waiting for.
    endsWhenParked: !connection.isServer,
    ...(tells ? { onStep: (step) => io.say(stepLine(step, io.paint)) } : {}),
  });
  if (io.format === "human") io.lines(runPage(run, io));
  else io.document(await connection.client.whole(run));
  return exitOf(run);
}

/** 0 if it completed, 1 if it did not, 6 if it waits for something that will not happen soon. */
export function exitOf(run: RunDetail): Exit {
  if (run.status === "completed") return exit.ok;
  return run.status === "waiting" ? exit.timedOut : exit.failed;
}
