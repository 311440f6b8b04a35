/**
 * Clients that start runs, send events and cancel, each through any worker. A missing answer is an unknown outcome: it
 * is recorded, and the request is repeated under the same key until a worker answers.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";
import type { Kind, Order } from "./definitions.ts";
import type { WorkerCommand, WorkerProcess } from "./worker-process.ts";

/** What one client does with one run. */
export interface ClientPlan {
  readonly kind: Kind;
  readonly order: Order;
  readonly atMs: number;
  /** After the acknowledged start: an event from before the run would not count. Null: the run needs no event. */
  readonly emitAfterMs: number | null;
  readonly cancelAfterMs: number | null;
}

/** How a request ended. `info`: the outcome is unknown. */
export type CallOutcome = "ok" | "refused" | "info";

/** One request and how it ended, at the harness's own time, ms. */
export interface Operation {
  readonly what: WorkerCommand["what"];
  readonly subject: string;
  readonly answer: CallOutcome;
  readonly at: number;
}

/** A run as its client sees it. */
export interface KnownRun {
  readonly plan: ClientPlan;
  readonly key: string;
  /** The run ids returned for its start: always the same one. */
  readonly ids: Set<string>;
  /** How and when its cancel ended. */
  cancel: { answer: CallOutcome; at: number } | null;
}

/** All clients of a storm. */
export interface Clients {
  readonly runs: readonly KnownRun[];
  readonly operations: readonly Operation[];
  /** Answers that no client can accept. */
  readonly problems: readonly string[];
  /** Runs all plans; resolves when each of them is done. */
  work(signal: AbortSignal): Promise<void>;
  /** Sends every start once more. */
  resend(signal: AbortSignal): Promise<void>;
}

/** Kinds by weight. */
const weights: readonly (readonly [Kind, number])[] = [
  ["linear", 18],
  ["waiter", 18],
  ["parent", 12],
  ["saga", 14],
  ["limited", 20],
  ["patient", 8],
  ["teller", 10],
];
const cancelShare = 8;
/** Runs start in groups of this size, so that some of them are queued for their lane. */
const groupSize = 16;
const laneCount = 2;
/** A saga ends by itself, and a cancel cannot take back what a teller has booked. */
const neverCancelled: readonly Kind[] = ["saga", "teller"];
const answerLimitMs = 5_000;
const repeatAfterMs = 60;

/** Draws what is done with `count` runs within `overMs`. */
export function drawPlans(random: Random, { count, overMs }: { count: number; overMs: number }): readonly ClientPlan[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = drawKind(random);
    const mayBeCancelled = !neverCancelled.includes(kind) && random.below(100) < cancelShare;
    return {
      kind,
      order: { id: `order-${i}`, lane: `lane-${random.below(laneCount)}` },
      atMs: Math.floor((Math.floor(i / groupSize) * groupSize * overMs) / count),
      emitAfterMs: kind === "waiter" ? random.below(1_500) : null,
      cancelAfterMs: kind === "patient" ? random.below(2_500) : mayBeCancelled ? random.below(400) : null,
    };
  });
}

function drawKind(random: Random): Kind {
  let draw = random.below(weights.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [kind, weight] of weights) {
    if (draw < weight) return kind;
    draw -= weight;
  }
  return "linear";
}

/** Prepares the clients of these plans. */
export function openClients(plans: readonly ClientPlan[], workers: readonly WorkerProcess[], random: Random): Clients {
  const operations: Operation[] = [];
  const problems: string[] = [];
  const runs: KnownRun[] = plans.map((plan) => ({ plan, key: plan.order.id, ids: new Set(), cancel: null }));

  /** Asks one worker after the other until one answers. */
  const sendUntilAnswered = async (command: WorkerCommand, subject: string, signal: AbortSignal): Promise<Reply> => {
    for (;;) {
      signal.throwIfAborted();
      const urls = workers.map((worker) => worker.url()).filter((url) => url !== null);
      if (urls.length > 0) {
        const reply = await send(random.pick(urls), command);
        operations.push({ what: command.what, subject, answer: reply.answer, at: performance.now() });
        if (reply.answer !== "info") return reply;
      }
      await delay(repeatAfterMs, undefined, { signal });
    }
  };
  const start = async (run: KnownRun, signal: AbortSignal): Promise<string | null> => {
    const { kind, order } = run.plan;
    const reply = await sendUntilAnswered({ what: "start", kind, order }, run.key, signal);
    const { id } = reply.body as { id?: string };
    if (reply.answer === "ok" && id !== undefined) {
      run.ids.add(id);
      return id;
    }
    problems.push(`the start of ${run.key} was refused: ${JSON.stringify(reply.body)}`);
    return null;
  };
  const runPlan = async (run: KnownRun, signal: AbortSignal): Promise<void> => {
    const { order, atMs, emitAfterMs, cancelAfterMs } = run.plan;
    await delay(atMs, undefined, { signal });
    const id = await start(run, signal);
    if (id === null) return;
    const emit = async (afterMs: number): Promise<void> => {
      await delay(afterMs, undefined, { signal });
      const { answer, body } = await sendUntilAnswered({ what: "emit", order }, run.key, signal);
      if (answer !== "ok") problems.push(`the event of ${run.key} was refused: ${JSON.stringify(body)}`);
    };
    const cancel = async (afterMs: number): Promise<void> => {
      await delay(afterMs, undefined, { signal });
      const { answer } = await sendUntilAnswered({ what: "cancel", run: id }, id, signal);
      run.cancel = { answer, at: performance.now() };
    };
    await Promise.all([
      emitAfterMs === null ? undefined : emit(emitAfterMs),
      cancelAfterMs === null ? undefined : cancel(cancelAfterMs),
    ]);
  };
  return {
    runs,
    operations,
    problems,
    work: async (signal) => void (await Promise.all(runs.map((run) => runPlan(run, signal)))),
    resend: async (signal) => {
      for (const run of runs) if (run.ids.size > 0) await start(run, signal);
    },
  };
}

interface Reply {
  readonly answer: CallOutcome;
  readonly body: unknown;
}

async function send(url: string, command: WorkerCommand): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(answerLimitMs);
    const response = await fetch(url, { method: "POST", body: JSON.stringify(command), signal });
    const body: unknown = await response.json();
    return { answer: response.ok ? "ok" : response.status === 503 ? "info" : "refused", body };
  } catch (error) {
    return { answer: "info", body: String(error) };
  }
}
