import { decode } from "../../stdx/json.ts";
import type { History } from "../decide/history.ts";
import type { Entry } from "../model/journal.ts";
import type { LeasedRun } from "../model/run.ts";
import type { Next } from "../model/transition.ts";
import { undoFailure, undoStep } from "./compensation.ts";
import type { Operation } from "./operation.ts";
import type { EngineSafeguards } from "./safeguards.ts";
import type { StepSpec } from "./step-operation.ts";
import type { Undoable } from "./undo.ts";

/** The run whose stopped branches are tidied up. */
export interface LeftoversHost {
  readonly run: LeasedRun;
  readonly history: History;
  readonly safeguards: EngineSafeguards;
  readonly root: StepSpec["scope"];
  /** Whether something new may begin now. */
  readonly canBegin: boolean;
  /** Whether attempts of stopped branches are still in progress. */
  readonly hasStoppedAttempts: boolean;
  /** Whether a step of a stopped branch that has an undo may still get a result. */
  readonly hasOpenUndoables: boolean;
  step(spec: StepSpec): Promise<unknown>;
  /** Keeps the run in memory; returns a function that releases it. */
  hold(): () => void;
  soon(call: () => void): void;
  after(ms: number, call: () => void): void;
  open(text: string | null, key: string): string | null;
  /** Nothing is left to do for now. */
  settled(): void;
}

interface Leftover extends Undoable {
  readonly operation: Operation;
}

/**
 * What the stopped branches of a running run leave behind: cleanups that they registered, and completed steps that have
 * an `undo`. They are called newest first, one at a time, while the code goes on; only the end of the run waits for
 * them. Each is recorded like a step, but the code never receives it, so it has no place in the order of a replay:
 * after a crash, those without a record are called again. It begins in a later task than the one that stopped the
 * branch: if the run fails at once, nothing has begun.
 */
export class Leftovers {
  readonly #host: LeftoversHost;
  readonly #graceMs: number;
  readonly #found: Leftover[] = [];
  readonly #done: string[] = [];
  #isStopped = false;
  #isGraceOver = false;
  #isBusy = false;
  #isHalted = false;
  #failure: { readonly key: string; readonly error: unknown } | null = null;

  constructor(host: LeftoversHost, graceMs: number) {
    this.#host = host;
    this.#graceMs = graceMs;
  }

  /** A result of an operation that can be undone has reached its turn. */
  note(operation: Operation, entry: Pick<Entry, "outcome" | "value">): void {
    const { key, kind, undo: spec } = operation;
    if (spec == null || (entry.outcome !== "ok" && entry.outcome !== "abandoned")) return;
    const isKnown = entry.outcome === "ok";
    // Without a result, only an undo that handles that can be called.
    if (!isKnown && !spec.takesUnknown) return;
    const result = isKnown ? decode(this.#host.open(entry.value, key)) : undefined;
    this.#found.push({ key, kind, isKnown, result, spec, operation });
    if (this.#isStopped) this.#host.soon(() => this.tend());
  }

  /** Branches were stopped. Their attempts get the grace period to end. */
  stopped(): void {
    this.#isStopped = true;
    this.#isGraceOver = false;
    this.#host.soon(() => this.tend());
    this.#host.after(this.#graceMs, () => {
      this.#isGraceOver = true;
      this.tend();
    });
  }

  /** Begins nothing more: the run ends without them. */
  halt(): void {
    this.#isHalted = true;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether the end of the run must wait. */
  get isPending(): boolean {
    if (this.#isBusy) return true;
    if (!this.#isStopped || this.#failure !== null) return false;
    return this.#next() !== undefined || (!this.#isGraceOver && this.#host.hasOpenUndoables);
  }

  /** Whether a cleanup is registered that must run if the run does not complete. */
  get hasCleanups(): boolean {
    return this.#found.some(
      (each) => each.kind === "cleanup" && this.#isOpen(each) && each.operation.scope.fate !== "ended",
    );
  }

  /** How the run ends after one of them has failed for good; null if none has. */
  get failure(): Extract<Next, { state: "failed" }> | null {
    if (this.#failure === null) return null;
    const { key, error } = this.#failure;
    const left = this.#due()
      .map((each) => each.key)
      .toReversed();
    const undone = [...this.#host.history.undone, ...this.#done];
    return undoFailure(error, key, this.#host.run, undone, left);
  }

  /** Calls the next one, if it may begin now. */
  tend(): void {
    if (!this.#isStopped || this.#isBusy || this.#isHalted || !this.#host.canBegin) return;
    const next = this.#failure === null ? this.#next() : undefined;
    if (next === undefined) {
      if (!this.isPending) this.#host.settled();
      return;
    }
    if (this.#host.hasStoppedAttempts && !this.#isGraceOver) return;
    this.#isBusy = true;
    const release = this.#host.hold();
    this.#host
      .step(undoStep(next, this.#host, this.#host.root, next.operation.scope.stop))
      .then(
        () => this.#done.push(next.key),
        (error: unknown) => {
          this.#failure = { key: next.key, error };
        },
      )
      .finally(() => {
        this.#isBusy = false;
        release();
        if (this.#isHalted) this.#host.settled();
        else this.tend();
      });
  }

  #next(): Leftover | undefined {
    return this.#due().at(-1);
  }

  /** In the order of their results. */
  #due(): readonly Leftover[] {
    const { safeguards } = this.#host;
    return this.#found.filter((each) => {
      const { scope } = each.operation;
      const isLeft =
        each.kind === "cleanup"
          ? scope.fate === "stopped" && safeguards.cleansUp()
          : scope.isClosed && safeguards.undoesLosers();
      return isLeft && this.#isOpen(each);
    });
  }

  #isOpen({ key }: Leftover): boolean {
    return !this.#host.history.undone.has(key) && !this.#done.includes(key);
  }
}
