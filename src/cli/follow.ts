import { setTimeout as delay } from "node:timers/promises";
import type { Reason } from "../wire/reason.ts";
import type { RunDetail } from "../wire/run.ts";
import { isAtRest } from "../wire/status.ts";
import type { Step } from "../wire/step.ts";
import type { Client } from "./client.ts";
import { CliError, exit } from "./exit.ts";

export interface FollowOptions {
  /** Also stop following when the run parks for long. */
  readonly endsWhenParked: boolean;
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal;
  /** Called for each step whose status changed. */
  readonly onStep?: (step: Step) => void;
  /** Called each time the state of the run changed. */
  readonly onRun?: (run: RunDetail) => void;
}

/** Polls quickly at first, for runs of a few steps, then twice a second. */
const looksMs = [20, 40, 80, 150, 300, 500] as const;
/** If a killed server is not restarted within this time, it is considered gone. */
const awayMs = 15_000;
/** Wait for timers that end sooner than this. */
const soonMs = 30_000;

/** Follows a run until it has ended, needs a person, or parks for long. */
export async function followRun(client: Client, id: string, options: FollowOptions): Promise<RunDetail> {
  const endsAt = options.timeoutMs === null ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs;
  const steps = new Map<string, string>();
  let last = "";
  for (let look = 0; ; look++) {
    const run = await lookAt(client, id, options.signal);
    for (const step of run.steps) {
      const mark = `${step.status} ${step.attempts.length}`;
      if (steps.get(step.key) !== mark) options.onStep?.(step);
      steps.set(step.key, mark);
    }
    const state = `${run.status} ${run.reasonText}`;
    if (state !== last) options.onRun?.(run);
    last = state;
    if (run.continuedAs !== null) return followRun(client, run.continuedAs, { ...options, timeoutMs: leftOf(endsAt) });
    if (isOver(run, options.endsWhenParked)) return run;
    if (performance.now() >= endsAt) {
      throw new CliError(exit.timedOut, "timeout", `run ${id} is still ${run.status} after ${options.timeoutMs} ms`, {
        hint: `it continues in the background; check it with: baton show ${id}`,
        details: { run: id, status: run.status },
      });
    }
    await pause(looksMs[Math.min(look, looksMs.length - 1)] ?? 500, options.signal);
  }
}

function leftOf(endsAt: number): number | null {
  return endsAt === Number.POSITIVE_INFINITY ? null : Math.max(0, endsAt - performance.now());
}

/** Nothing will change by itself soon. */
function isOver(run: RunDetail, endsWhenParked: boolean): boolean {
  if (isAtRest(run.status) || run.status === "suspended" || run.reason?.code === "no-worker") return true;
  return endsWhenParked && run.status === "waiting" && run.reason !== null && isLong(run.reason, Date.now());
}

function isLong(reason: Reason, now: number): boolean {
  switch (reason.code) {
    case "several":
      return reason.reasons.every((each) => isLong(each, now));
    case "timer":
      return reason.until === null || Date.parse(reason.until) - now > soonMs;
    case "event":
      return reason.until === null || Date.parse(reason.until) - now > soonMs;
    default:
      // A retry will happen, and a child will end or park.
      return false;
  }
}

async function lookAt(client: Client, id: string, signal: AbortSignal): Promise<RunDetail> {
  const endsAt = performance.now() + awayMs;
  for (;;) {
    try {
      return await client.get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`);
    } catch (error) {
      const isAway = error instanceof CliError && error.exit === exit.unreachable;
      if (!isAway || performance.now() > endsAt) throw error;
      await pause(250, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw new CliError(exit.interrupted, "interrupted", "interrupted; the run continues on the server");
  }
}
