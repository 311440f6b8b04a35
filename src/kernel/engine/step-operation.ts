import { decode } from "../../stdx/json.ts";
import { recordError } from "../decide/failure.ts";
import type { RetryPolicy } from "../decide/retry.ts";
import { BatonError, type ErrorRecord } from "../model/errors.ts";
import type { AttemptOutcome, Entry } from "../model/journal.ts";
import { isSealed } from "../model/sealed.ts";
import type { AttemptClosing } from "../model/transition.ts";
import { asNonRetryable, StepFailedError } from "../model/user-errors.ts";
import type { TxClient } from "../ports/store.ts";
import { Attempt } from "./attempt.ts";
import type { Operation, OperationContext } from "./operation.ts";
import { encodePayload } from "./payload.ts";
import type { Scope } from "./scope.ts";
import type { UndoSpec } from "./undo.ts";
import { hidden } from "./vault.ts";

/** A step as its layer describes it. */
export interface StepSpec {
  readonly key: string;
  readonly kind: "step" | "once" | "tx" | "undo";
  readonly scope: Scope;
  readonly work: (attempt: Attempt, db: TxClient | null) => unknown;
  readonly policy: RetryPolicy;
  readonly timeoutMs: number | null;
  readonly whenExhausted: "fail" | "suspend" | "continue";
  /** JSON text of the declared input. */
  readonly input: string | null;
  readonly undo: UndoSpec | null;
  /** Its values, or these parts of its output, are sealed at rest and masked. */
  readonly sensitive?: readonly string[] | true;
  /** False: errors of a sensitive step are redacted like those of any other step, not sealed as a whole. */
  readonly hidesErrors?: boolean;
}

/**
 * A step from its first attempt to its recorded end.
 *
 * If the process crashes before the first attempt's result is committed, the next holder replays up to here, records
 * one lost attempt and runs it again with the same idempotency key. If it crashes during the backoff, the recorded wait
 * has the due time and the number of the next attempt. A `once` records its intent first: if that is found without a
 * result, the outcome is unknown and a person decides.
 */
export class StepOperation implements Operation {
  readonly key: string;
  readonly kind: StepSpec["kind"];
  readonly scope: Scope;
  readonly #spec: StepSpec;
  readonly #context: OperationContext;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;
  readonly #input: string | null;
  #number = 0;
  #charged = 0;
  #hasRow = false;
  #attempt: Attempt | null = null;

  constructor(
    spec: StepSpec,
    context: OperationContext,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ) {
    this.key = spec.key;
    this.kind = spec.kind;
    this.scope = spec.scope;
    this.#spec = spec;
    this.#context = context;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#input = context.history.inputs.get(spec.key) ?? spec.input;
  }

  get undo(): UndoSpec | null {
    return this.#spec.undo;
  }

  begin(): void {
    const context = this.#context;
    if (this.#spec.sensitive !== undefined && !context.canSeal)
      return context.suspend({ code: "sealed", step: this.key, error: "no key for sensitive values is set" });
    const supplied = context.history.supplied.get(this.key);
    if (supplied !== undefined) return this.#takeSupplied(supplied);
    const past = context.history.attempts.get(this.key);
    if (past !== undefined) {
      this.#number = past.at(-1)?.number ?? 0;
      this.#charged = past.filter((attempt) => attempt.charged && attempt.round === context.run.round).length;
    }
    const wait = context.history.waits.get(this.key);
    switch (wait?.kind) {
      case "once":
        return context.suspend({ code: "unknown-outcome", step: this.key });
      case "hold":
        return context.suspend({ code: "exhausted", step: this.key, error: wait.name ?? "" });
      case "retry":
        this.#hasRow = true;
        return context.resumeWait({
          key: this.key,
          kind: "retry",
          dueAt: wait.dueAt,
          operation: this,
          onDue: () => this.#start(),
        });
      default:
        if (context.isFrontier) return this.#noteLost();
        return this.#start();
    }
  }

  /** A person has supplied the outcome: it is recorded, and nothing runs. */
  #takeSupplied(given: string): void {
    const value = this.#forStorage(openWith(this.#context, given, this.key, "supplied") ?? "null");
    const draft = { outcome: "ok", value, input: this.#input, attempts: 0, tookMs: 0 } as const;
    this.#context.record(this, draft, { closes: [this.key] });
  }

  settle(entry: Entry): void {
    switch (entry.outcome) {
      case "ok":
        return this.#resolve(decode(this.#clear(entry.value)));
      case "continued":
        return this.#resolve(undefined);
      case "error":
        return this.#reject(new StepFailedError(this.key, JSON.parse(entry.value ?? "{}") as ErrorRecord));
      case "abandoned":
        return;
    }
  }

  abort(reason: Error, isRegistered = false): void {
    if (this.#attempt !== null) this.#attempt.abort(reason);
    else this.#context.closeWait(this.key, isRegistered);
  }

  /**
   * The last holder crashed, so this step may have run. The attempt is recorded as lost and repeated. It uses up no
   * retry, because the cause of the crash is unknown; a run that crashes its process is stopped by the crash count.
   */
  #noteLost(): void {
    // A `once` without a recorded intent has not run.
    if (this.kind === "once") return this.#start();
    this.#number += 1;
    const error: ErrorRecord = {
      name: "AttemptLostError",
      code: "attempt-lost",
      message: "the process crashed during this attempt; its outcome is unknown",
    };
    const lost: AttemptClosing = {
      key: this.key,
      number: this.#number,
      charged: false,
      outcome: "lost",
      error,
      tookMs: 0,
    };
    this.#context.commit({ attempts: [lost] }).then(() => this.#start());
  }

  #start(): void {
    if (this.kind === "once") {
      this.#context.commit({ opens: [{ key: this.key, kind: "once" }] }).then(() => {
        this.#hasRow = true;
        this.#run();
      });
    } else this.#run();
  }

  #run(): void {
    const context = this.#context;
    // Its branch was stopped while the intent or a lost attempt was being recorded: nothing begins any more.
    if (this.scope.isClosed) return context.closeWait(this.key, this.#hasRow);
    this.#number += 1;
    const { timeoutMs } = this.#spec;
    const attempt = new Attempt({
      key: this.key,
      number: this.#number,
      idempotencyKey: () => idempotencyKeyOf(context, this.key),
      input: decode(openWith(this.#context, this.#input, this.key, "input")),
      deadlineAt: timeoutMs === null ? null : context.storeNow() + timeoutMs,
      startedMono: context.mono(),
      isSensitive: this.#spec.sensitive !== undefined,
      // Hidden at once: a flush may write the line while the step still runs.
      log: (line) => context.log(this.#spec.sensitive === undefined ? line : { ...line, message: hidden, data: null }),
    });
    this.#attempt = attempt;
    context.attemptStarted(attempt);
    if (timeoutMs !== null) attempt.stopTimer = context.after(timeoutMs, () => this.#timeOut(attempt, timeoutMs));
    if (this.kind === "tx") return this.#runTx(attempt);
    try {
      const value = context.within(this.key, attempt, () => this.#spec.work(attempt, null));
      if (isThenable(value)) {
        value.then(
          (late) => this.#succeed(attempt, late),
          (error: unknown) => this.#fail(attempt, error, "failed"),
        );
      } else this.#succeed(attempt, value);
    } catch (error) {
      this.#fail(attempt, error, "failed");
    }
  }

  #runTx(attempt: Attempt): void {
    const context = this.#context;
    context
      .transact(
        async (db) => context.within(this.key, attempt, () => this.#spec.work(attempt, db)),
        (value) => ({
          outcome: "ok",
          value: this.#forStorage(encodeWithin(value, context.payloadMax, this.key)),
          input: this.#input,
          attempts: this.#number,
          tookMs: tookMs(context, attempt),
        }),
        this,
      )
      .then(
        () => this.#close(attempt),
        (error: unknown) => this.#fail(attempt, error, "failed"),
      );
  }

  #succeed(attempt: Attempt, value: unknown): void {
    if (attempt.isSettled) return;
    let text: string | null;
    try {
      text = this.#forStorage(encodeWithin(value, this.#context.payloadMax, this.key));
    } catch (error) {
      // The step has had its effect. Running it again would repeat that and fail the same way.
      return this.#fail(attempt, error, "failed");
    }
    const draft = {
      outcome: "ok",
      value: text,
      input: this.#input,
      attempts: this.#number,
      tookMs: tookMs(this.#context, attempt),
    } as const;
    this.#close(attempt);
    const logs = this.#context.takeLogs();
    if (!this.#hasRow && !attempt.isShown && logs === undefined) this.#context.record(this, draft);
    else this.#context.record(this, draft, { ...this.#closes(attempt), ...(logs === undefined ? {} : { logs }) });
  }

  #clear(text: string | null): string | null {
    const isInParts = text !== null && Array.isArray(this.#spec.sensitive);
    return isInParts
      ? this.#context.openVault().open(text, this.key, "output")
      : openWith(this.#context, text, this.key, "output");
  }

  /** The value as recorded: sealed if it is sensitive, or contains a sensitive value of another step. */
  #forStorage(text: string | null): string | null {
    if (text === null) return null;
    const { vault } = this.#context;
    const { sensitive } = this.#spec;
    if (sensitive === undefined) return vault?.holds(text) ? vault.seal(text, this.key, "output") : text;
    return this.#context.openVault().seal(text, this.key, "output", sensitive);
  }

  /** An error of a sensitive step must reveal nothing: the whole error is stored sealed. */
  #clean(record: ErrorRecord): ErrorRecord {
    if (this.#spec.sensitive === undefined || this.#spec.hidesErrors === false)
      return this.#context.vault?.redactError(record) ?? record;
    const { name, code } = record;
    const sealed = this.#context.openVault().seal(JSON.stringify(record), this.key, "error");
    return { name, message: hidden, ...(code === undefined ? {} : { code }), sealed };
  }

  #closes(attempt: Attempt | null): { closes?: readonly string[] } {
    return this.#hasRow || attempt?.isShown ? { closes: [this.key] } : {};
  }

  #timeOut(attempt: Attempt, timeoutMs: number): void {
    if (attempt.isSettled) return;
    const error = new BatonError("timeout", `step "${this.key}" took longer than ${timeoutMs} ms`, {
      hint: "raise the step's timeout, or pass attempt.signal to the call",
    });
    attempt.abort(error);
    this.#fail(attempt, error, "timed-out");
  }

  #fail(attempt: Attempt, thrown: unknown, outcome: AttemptOutcome): void {
    if (attempt.isSettled) return;
    const took = tookMs(this.#context, attempt);
    this.#close(attempt);
    const error = this.#clean(recordError(thrown));
    if (this.scope.isClosed) return this.#abandon(took);
    if (attempt.isStopped) return this.#giveBack(error, took);
    this.#charged += 1;
    const closing: AttemptClosing = {
      key: this.key,
      number: this.#number,
      charged: true,
      outcome,
      error,
      tookMs: took,
    };
    const decision = this.#context.safeguards.decideRetry(
      this.kind === "once" ? { ...this.#spec.policy, attempts: 1 } : this.#spec.policy,
      this.#charged,
      thrown,
      this.#context.chance(),
      this.#context.storeNow(),
    );
    if (decision.kind === "exhausted") return this.#exhaust(error, [closing], took);
    this.#hasRow = true;
    const opening = {
      key: this.key,
      kind: "retry",
      dueInMs: decision.delayMs,
      attempt: this.#number + 1,
      name: error.message.slice(0, 200),
    } as const;
    const logs = this.#context.takeLogs();
    this.#context
      .commit({ attempts: [closing], opens: [opening], ...(logs === undefined ? {} : { logs }) })
      .then(({ at }) => {
        if (this.scope.isClosed) return this.#context.closeWait(this.key, true);
        this.#context.resumeWait({
          key: this.key,
          kind: "retry",
          dueAt: at + decision.delayMs,
          operation: this,
          onDue: () => this.#run(),
        });
      });
  }

  /** A branch that lost its race has nothing to retry. */
  #abandon(took: number): void {
    const draft = { outcome: "abandoned", value: null, input: null, attempts: this.#number, tookMs: took } as const;
    this.#context.record(this, draft, { closes: [this.key] });
  }

  /** This process is stopping: the attempt is repeated elsewhere and uses up no retry. */
  #giveBack(error: ErrorRecord, took: number): void {
    this.#context.commit({
      attempts: [{ key: this.key, number: this.#number, charged: false, outcome: "aborted", error, tookMs: took }],
    });
  }

  #exhaust(error: ErrorRecord, attempts: readonly AttemptClosing[], took: number): void {
    const record: ErrorRecord = { ...error, step: this.key };
    const draft = { value: JSON.stringify(record), input: this.#input, attempts: this.#number, tookMs: took } as const;
    const logs = this.#context.takeLogs();
    const extras = { attempts, ...(logs === undefined ? {} : { logs }) };
    switch (this.#spec.whenExhausted) {
      case "fail":
        return this.#context.record(this, { ...draft, outcome: "error" }, { ...extras, closes: [this.key] });
      case "continue":
        return this.#context.record(this, { ...draft, outcome: "continued" }, { ...extras, closes: [this.key] });
      case "suspend":
        this.#context
          .commit({ ...extras, opens: [{ key: this.key, kind: "hold", name: error.message.slice(0, 200) }] })
          .then(() => {
            this.#context.suspend({ code: "exhausted", step: this.key, error: error.message });
          });
    }
  }

  #close(attempt: Attempt): void {
    attempt.isSettled = true;
    attempt.stopTimer?.();
    this.#attempt = null;
    this.#context.attemptEnded(attempt);
  }
}

function tookMs(context: OperationContext, attempt: Attempt): number {
  return Math.round(context.mono() - attempt.spec.startedMono);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** The clear text of a recorded value. */
export function openWith(
  context: Pick<OperationContext, "openVault">,
  text: string | null,
  key: string,
  field: string,
): string | null {
  return isSealed(text) ? context.openVault().open(text, key, field) : text;
}

/**
 * Readable, and safe as an HTTP header. If a person voided a key's recorded success, it gets a new idempotency key, so
 * that the step takes effect again.
 */
export function idempotencyKeyOf(context: Pick<OperationContext, "run" | "history">, key: string): string {
  const again = context.history.restarts.get(key) ?? 0;
  return `${context.run.id}:${encodeURIComponent(key)}${again === 0 ? "" : `:${again}`}`;
}

/** JSON text of a value to store. A refused value is not retried, because another attempt cannot fix it. */
export function encodeWithin(value: unknown, bytesMax: number, key: string): string | null {
  try {
    return encodePayload(value, "output", bytesMax, ` of "${key}"`);
  } catch (error) {
    throw error instanceof BatonError ? asNonRetryable(error) : error;
  }
}
