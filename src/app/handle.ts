import type { VerbRequest } from "../kernel/decide/verb.ts";
import type { Engine } from "../kernel/engine/engine.ts";
import { encodePayload } from "../kernel/engine/payload.ts";
import { unknownRun } from "../kernel/engine/recovery.ts";
import { BatonError, type ErrorRecord, StoreError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { RunStatus } from "../kernel/model/status.ts";
import { reviveError } from "../kernel/model/user-errors.ts";
import { decode } from "../stdx/json.ts";

/** What a run that did not complete throws from `result()`. `cause` is its error. */
export class RunFailedError extends BatonError {
  override readonly name = "RunFailedError";
  readonly run: string;
  readonly status: RunStatus;
  constructor(run: string, status: RunStatus, error: ErrorRecord | null) {
    super(`run-${status}`, error === null ? `run ${run} was ${status}` : error.message, {
      hint: `baton show ${run}`,
      ...(error === null ? {} : { cause: reviveError(error) }),
    });
    this.run = run;
    this.status = status;
  }
}

export interface VerbOptions {
  /** Kept in the audit. */
  why?: string;
  actor?: string;
}

/** A run, from outside. */
export interface Handle<T = unknown> {
  readonly id: string;
  /** False when the idempotency key had started this run before. */
  readonly isNew: boolean;
  /** The output; rejects with `RunFailedError`, and with code `timeout` after `timeoutMs`. */
  result(options?: { timeoutMs?: number }): Promise<T>;
  status(): Promise<RunStatus>;
  /** Ends the run for good; with `compensate` what it has done is undone first. */
  cancel(options?: VerbOptions & { compensate?: boolean }): Promise<void>;
  /** Halts the run until it is resumed; with `stopClocks` its timers stand still meanwhile. */
  suspend(options?: VerbOptions & { stopClocks?: boolean }): Promise<void>;
  /** The same run goes on from its failed or suspended step; what was done is kept. */
  resume(options?: VerbOptions): Promise<void>;
  /** The next attempt comes now instead of after its back-off. */
  retry(options?: VerbOptions): Promise<void>;
  /** A step and all after it run again; `input` edits the step's declared input, or the run's. */
  restart(options: VerbOptions & { from: string; input?: unknown }): Promise<void>;
  /** Takes a step as done with this output; without `step` the one that stopped the run. */
  completeStep(options: VerbOptions & { step?: string; output: unknown }): Promise<void>;
  /** Undoes what a failed or suspended run has done, newest first. */
  compensate(options?: VerbOptions): Promise<void>;
  /** Takes a dead letter off the list. */
  dismiss(options?: VerbOptions): Promise<void>;
  /** A sensitive value in clear; who asked for it is in the audit. */
  reveal(what: "input" | "output" | { step: string }, options?: VerbOptions): Promise<unknown>;
}

/** A handle on a run that the store knows. */
export class RunHandle<T> implements Handle<T> {
  readonly id: string;
  readonly isNew: boolean;
  readonly #no: number;
  readonly #engine: Engine;
  readonly #actor: string;

  constructor(engine: Engine, run: { no: number; id: string; isNew: boolean }, actor: string) {
    this.id = run.id;
    this.isNew = run.isNew;
    this.#no = run.no;
    this.#engine = engine;
    this.#actor = actor;
  }

  result(options?: { timeoutMs?: number }): Promise<T> {
    return awaitResult<T>(this.#engine, { no: this.#no, id: this.id }, options?.timeoutMs);
  }

  async status(): Promise<RunStatus> {
    const detail = await this.#engine.store.query("run", { id: this.id });
    if (detail === null) throw unknownRun(this.id);
    return detail.row.status;
  }

  cancel({ compensate = false, ...options }: VerbOptions & { compensate?: boolean } = {}): Promise<void> {
    return this.#act("cancel", options, compensate ? { isCompensated: true } : {});
  }

  suspend({ stopClocks = false, ...options }: VerbOptions & { stopClocks?: boolean } = {}): Promise<void> {
    return this.#act("suspend", options, stopClocks ? { stopsClocks: true } : {});
  }

  resume(options?: VerbOptions): Promise<void> {
    return this.#act("resume", options);
  }

  retry(options?: VerbOptions): Promise<void> {
    return this.#act("retry", options);
  }

  restart({ from, input, ...options }: VerbOptions & { from: string; input?: unknown }): Promise<void> {
    return this.#act("restart", options, {
      step: from,
      ...(input === undefined ? {} : { input: encodePayload(input, "input", defaults.payloadHardMax) ?? "null" }),
    });
  }

  completeStep({ step, output, ...options }: VerbOptions & { step?: string; output: unknown }): Promise<void> {
    return this.#act("complete-step", options, {
      output: encodePayload(output, "output", defaults.payloadMax) ?? "null",
      ...(step === undefined ? {} : { step }),
    });
  }

  compensate(options?: VerbOptions): Promise<void> {
    return this.#act("compensate", options);
  }

  dismiss(options?: VerbOptions): Promise<void> {
    return this.#act("dismiss", options);
  }

  reveal(what: "input" | "output" | { step: string }, options: VerbOptions = {}): Promise<unknown> {
    const { actor = this.#actor, why = null } = options;
    return this.#engine.reveal(this.id, what, { actor, why });
  }

  async #act(verb: VerbRequest["verb"], options: VerbOptions = {}, more: Partial<VerbRequest> = {}): Promise<void> {
    const { actor = this.#actor, why = null } = options;
    await this.#engine.intervene(this.id, { ...more, verb, actor, why });
  }
}

/** Told by the engine when the run ends here, and looked up now and then for when it ends elsewhere. */
function awaitResult<T>(engine: Engine, run: { no: number; id: string }, timeoutMs: number | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const begunAt = performance.now();
    let isOver = false;
    let limit: NodeJS.Timeout | undefined;
    const finish = (end: () => void): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(limit);
      stopWaiting();
      stopLooking();
      end();
    };
    const stopWaiting = engine.whenEnded(run.no, (next) => {
      if (next.state === "completed" && next.continuesAs !== undefined) follow(next.continuesAs.id);
      else if (next.state === "completed") finish(() => resolve(decode(engine.clearOutput(run.id, next.output)) as T));
      else if (next.state === "failed") finish(() => reject(new RunFailedError(run.id, "failed", next.error)));
      else finish(() => reject(new RunFailedError(run.id, "cancelled", null)));
    });
    const follow = (id: string): void => {
      const left = timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - (performance.now() - begunAt));
      const further = engine.store.query("run", { id }).then((next) => {
        if (next === null) throw unknownRun(id);
        return awaitResult<T>(engine, { no: next.row.no, id }, left);
      });
      finish(() => resolve(further));
    };
    // It may end in another process, or have ended before.
    const stopLooking = engine.whenAtRest(run.no, () => {
      readEnd<T>(engine, run).then(
        (end) => {
          if (end !== null && "continuedAs" in end) follow(end.continuedAs);
          else if (end !== null) finish(() => ("error" in end ? reject(end.error) : resolve(end.output)));
        },
        (error: unknown) => {
          // The store is away: the run goes on when it is back, and so does whoever waits for it.
          if (!isPassing(error) || engine.isStopped) finish(() => reject(error));
        },
      );
    });
    if (timeoutMs !== undefined) {
      const late = new BatonError("timeout", `run ${run.id} has no result after ${timeoutMs} ms`, {
        hint: "the run continues; call result() again later",
      });
      limit = setTimeout(() => finish(() => reject(late)), timeoutMs);
    }
  });
}

function isPassing(error: unknown): boolean {
  return error instanceof StoreError && (error.code === "unavailable" || error.code === "unknown-outcome");
}

async function readEnd<T>(
  engine: Engine,
  run: { no: number; id: string },
): Promise<{ output: T } | { error: Error } | { continuedAs: string } | null> {
  const detail = await engine.store.query("run", { id: run.id });
  if (detail === null) return { error: unknownRun(run.id) };
  const { status, error } = detail.row;
  if (status === "failed" || status === "cancelled") return { error: new RunFailedError(run.id, status, error) };
  if (status !== "completed") return null;
  if (detail.row.continuedAs !== null) return { continuedAs: detail.row.continuedAs };
  const text = await engine.store.query("output", { run: run.no });
  return { output: decode(engine.clearOutput(run.id, text)) as T };
}
