/**
 * Those who start runs, send events and cancel, each through any worker. An answer that does not come is an unknown
 * outcome: it is noted as such and the same is asked again, under the same key, until somebody answers.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";
import type { Kind, Order } from "./definitions.ts";
import type { WorkerCommand, WorkerProcess } from "./worker-process.ts";

/** What one client does with one run. */
export interface Errand {
  readonly kind: Kind;
  readonly order: Order;
  readonly atMs: number;
  /** After the start was acknowledged: an event from before the run would not count. Null: it needs none. */
  readonly emitAfterMs: number | null;
  readonly cancelAfterMs: number | null;
}

/** How a question ended. `info`: nobody knows. */
export type CallOutcome = "ok" | "refused" | "info";

/** One question and how it ended, at the harness's own time, ms. */
export interface Operation {
  readonly what: WorkerCommand["what"];
  readonly subject: string;
  readonly answer: CallOutcome;
  readonly at: number;
}

/** A run as its client knows it. */
export interface KnownRun {
  readonly errand: Errand;
  readonly key: string;
  /** The answers to its start: always one id. */
  readonly ids: Set<string>;
  /** How its cancel ended, when, and whether it was asked more than once. */
  cancel: { answer: CallOutcome; at: number } | null;
}

/** All clients of a storm. */
export interface Clients {
  readonly runs: readonly KnownRun[];
  readonly operations: readonly Operation[];
  /** Answers that no client can accept. */
  readonly problems: readonly string[];
  /** Runs all errands; settles when each of them is done. */
  work(signal: AbortSignal): Promise<void>;
  /** Sends every start once more. */
  resend(signal: AbortSignal): Promise<void>;
}

/** Kinds by their weight. */
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
/** Runs come so many at once, so that some of them stand in line for their lane. */
const burst = 16;
const laneCount = 2;
/** A saga ends by its own fate, and what a teller has booked cannot be taken back by a cancel. */
const neverCancelled: readonly Kind[] = ["saga", "teller"];
const askLimitMs = 5_000;
const againAfterMs = 60;

/** Draws what is done to `count` runs within `overMs`. */
export function planErrands(random: Random, { count, overMs }: { count: number; overMs: number }): readonly Errand[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = drawKind(random);
    const mayBeCancelled = !neverCancelled.includes(kind) && random.below(100) < cancelShare;
    return {
      kind,
      order: { id: `order-${i}`, lane: `lane-${random.below(laneCount)}` },
      atMs: Math.floor((Math.floor(i / burst) * burst * overMs) / count),
      emitAfterMs: kind === "waiter" ? random.below(1_500) : null,
      cancelAfterMs: kind === "patient" ? random.below(2_500) : mayBeCancelled ? random.below(400) : null,
    };
  });
}

function drawKind(random: Random): Kind {
  let die = random.below(weights.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [kind, weight] of weights) {
    if (die < weight) return kind;
    die -= weight;
  }
  return "linear";
}

/** Prepares the clients of these errands. */
export function openClients(errands: readonly Errand[], workers: readonly WorkerProcess[], random: Random): Clients {
  const operations: Operation[] = [];
  const problems: string[] = [];
  const runs: KnownRun[] = errands.map((errand) => ({ errand, key: errand.order.id, ids: new Set(), cancel: null }));

  /** Asks one worker after the other until one knows the answer. */
  const askUntilKnown = async (question: WorkerCommand, subject: string, signal: AbortSignal): Promise<Reply> => {
    for (;;) {
      signal.throwIfAborted();
      const urls = workers.map((worker) => worker.url()).filter((url) => url !== null);
      if (urls.length > 0) {
        const reply = await askWorker(random.pick(urls), question);
        operations.push({ what: question.what, subject, answer: reply.answer, at: performance.now() });
        if (reply.answer !== "info") return reply;
      }
      await delay(againAfterMs, undefined, { signal });
    }
  };
  const start = async (run: KnownRun, signal: AbortSignal): Promise<string | null> => {
    const { kind, order } = run.errand;
    const reply = await askUntilKnown({ what: "start", kind, order }, run.key, signal);
    const { id } = reply.body as { id?: string };
    if (reply.answer === "ok" && id !== undefined) {
      run.ids.add(id);
      return id;
    }
    problems.push(`the start of ${run.key} was refused: ${JSON.stringify(reply.body)}`);
    return null;
  };
  const live = async (run: KnownRun, signal: AbortSignal): Promise<void> => {
    const { order, atMs, emitAfterMs, cancelAfterMs } = run.errand;
    await delay(atMs, undefined, { signal });
    const id = await start(run, signal);
    if (id === null) return;
    const emit = async (afterMs: number): Promise<void> => {
      await delay(afterMs, undefined, { signal });
      const { answer, body } = await askUntilKnown({ what: "emit", order }, run.key, signal);
      if (answer !== "ok") problems.push(`the event of ${run.key} was refused: ${JSON.stringify(body)}`);
    };
    const cancel = async (afterMs: number): Promise<void> => {
      await delay(afterMs, undefined, { signal });
      const { answer } = await askUntilKnown({ what: "cancel", run: id }, id, signal);
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
    work: async (signal) => void (await Promise.all(runs.map((run) => live(run, signal)))),
    resend: async (signal) => {
      for (const run of runs) if (run.ids.size > 0) await start(run, signal);
    },
  };
}

interface Reply {
  readonly answer: CallOutcome;
  readonly body: unknown;
}

async function askWorker(url: string, question: WorkerCommand): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(askLimitMs);
    const response = await fetch(url, { method: "POST", body: JSON.stringify(question), signal });
    const body: unknown = await response.json();
    return { answer: response.ok ? "ok" : response.status === 503 ? "info" : "refused", body };
  } catch (error) {
    return { answer: "info", body: String(error) };
  }
}
