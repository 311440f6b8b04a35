import type { VerbRequest } from "../kernel/decide/verb.ts";
import type { Engine } from "../kernel/engine/engine.ts";
import { encodePayload } from "../kernel/engine/payload.ts";
import { unknownRun } from "../kernel/engine/recovery.ts";
import { BatonError, type ErrorRecord, StoreError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { RunStatus } from "../kernel/model/status.ts";
import { reviveError } from "../kernel/model/user-errors.ts";
import { decode } from "../stdx/json.ts";

/** Thrown by `result()` when the run did not complete. `cause` is the run's error. */
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
  /** Recorded in the audit log. */
  why?: string;
  actor?: string;
}

/** A handle on one run. */
export interface Handle<T = unknown> {
  readonly id: string;
  /** False when the idempotency key returned an existing run. */
  readonly isNew: boolean;
  /** Resolves with the output. Rejects with `RunFailedError`, or with code `timeout` after `timeoutMs`. */
  result(options?: { timeoutMs?: number }): Promise<T>;
  status(): Promise<RunStatus>;
  /** Ends the run. With `compensate` its completed steps are compensated first. */
  cancel(options?: VerbOptions & { compensate?: boolean }): Promise<void>;
  /** Halts the run until it is resumed. With `stopClocks` its timers are paused meanwhile. */
  suspend(options?: VerbOptions & { stopClocks?: boolean }): Promise<void>;
  /** Continues the same run from its failed or suspended step. Completed steps are kept. */
  resume(options?: VerbOptions): Promise<void>;
  /** Starts the next attempt now instead of after its backoff. */
  retry(options?: VerbOptions): Promise<void>;
  /** Runs a step and all steps after it again. `input` replaces the step's declared input, or the run's. */
  restart(options: VerbOptions & { from: string; input?: unknown }): Promise<void>;
  /** Marks a step as completed with this output. Without `step`, the step that stopped the run. */
  completeStep(options: VerbOptions & { step?: string; output: unknown }): Promise<void>;
  /** Compensates the completed steps of a failed or suspended run, newest first. */
  compensate(options?: VerbOptions): Promise<void>;
  /** Removes a dead letter from the list. */
  dismiss(options?: VerbOptions): Promise<void>;
  /** Returns a sensitive value in plain text. The audit log records who asked. */
  reveal(what: "input" | "output" | { step: string }, options?: VerbOptions): Promise<unknown>;
}

/** A handle on a run in the store. */
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

/** The engine reports a run that ends in this process. The store is polled for a run that ends elsewhere. */
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
        return awaitResult<T>(engine, next.lastPart ?? next.row, left);
      });
      finish(() => resolve(further));
    };
    // The run may end in another process, or may have ended already.
    const stopLooking = engine.whenAtRest(run.no, () => {
      readEnd<T>(engine, run).then(
        (end) => {
          if (end !== null && "continuedAs" in end) follow(end.continuedAs);
          else if (end !== null) finish(() => ("error" in end ? reject(end.error) : resolve(end.output)));
        },
        (error: unknown) => {
          // The store is unavailable: the run continues when it is back, so keep waiting.
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
  if (detail.lastPart !== null) return { continuedAs: detail.lastPart.id };
  const text = await engine.store.query("output", { run: run.no });
  return { output: decode(engine.clearOutput(run.id, text)) as T };
}
