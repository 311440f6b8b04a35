import { type History, noHistory, type PastEntry, readHistory } from "../decide/history.ts";
import { BatonError } from "../model/errors.ts";
import type { Arrival, Entry, Journal, JournalPart, Request } from "../model/journal.ts";
import { defaults } from "../model/limits.ts";
import type { Reason } from "../model/reason.ts";
import type { Compensation, DefinitionRef, LeasedRun } from "../model/run.ts";
import { hasSealed } from "../model/sealed.ts";
import type { StartRun } from "../model/start-run.ts";
import {
  type Advance,
  type AdvanceOutcome,
  type DivertedStart,
  type LogLine,
  type Next,
  type Showing,
  settledEntry,
  type WaitOpening,
} from "../model/transition.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Store, TxClient } from "../ports/store.ts";
import { Answer } from "./answer.ts";
import type { Attempt } from "./attempt.ts";
import { compensate, type Undoing } from "./compensation.ts";
import { pastDeadline, watchDeadline } from "./deadline.ts";
import { EffectOperation, type EffectSpec } from "./effect-operation.ts";
import { cleanupOf, type Ending, type EndingFacts, failureOf, nextOf, undoingOf } from "./ending.ts";
import type { Handler } from "./handler.ts";
import { Leftovers, type LeftoversHost } from "./leftovers.ts";
import { Mailbox } from "./mailbox.ts";
import type { Draft, Extras, OpenWait, Operation, OperationContext } from "./operation.ts";
import type { Pump, Turning } from "./pump.ts";
import { type Recorded, Recorder } from "./recorder.ts";
import { differenceText, Replay } from "./replay.ts";
import type { EngineSafeguards } from "./safeguards.ts";
import { Scope } from "./scope.ts";
import { StepOperation, type StepSpec } from "./step-operation.ts";
import { StoppedBranches, type StopReason, stopError } from "./stopped-branches.ts";
import type { Timeline } from "./timeline.ts";
import type { Undoable } from "./undo.ts";
import { UnheardFailures, unhandledRejection } from "./unheard.ts";
import { hidden, openInput, Vault } from "./vault.ts";
import { WaitBook } from "./wait-book.ts";
import { WaitOperation, type WaitSpec } from "./wait-operation.ts";

/** What an activation needs from its worker. */
export interface ActivationEnvironment {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly pump: Pump;
  readonly timeline: Timeline;
  readonly safeguards: EngineSafeguards;
  readonly cipher: Cipher;
  readonly keepMs: number;
  readonly cancelGraceMs: number;
  readonly storeRetryMs: number;
  within<T>(run: LeasedRun, key: string | null, attempt: Attempt | null, work: () => T): T;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Set by a rehearsal, which only replays: called when the recorded history is used up. Nothing new begins then. */
  readonly caughtUp?: (activation: Activation) => void;
  /** Parked runs with at least this many operations stay in memory. */
  readonly warmFrom: number;
  /** Called when this activation is over: parked, ended, handed back or lost. A parked one may be warm. */
  over(activation: Activation, end: Next | null): void;
  /** Called when a warm activation can no longer continue. */
  cooled(activation: Activation): void;
}

type Halt = { readonly next: Next; readonly read: readonly number[] };

/**
 * One leased run in memory: its code, the operations that the code has requested, and the order of their results.
 *
 * Invariants. Results reach the code strictly by `seq`, one per turn, after their commit, live and in replay alike.
 * Nothing new is delivered and nothing begins before the recorded history is used up. After the run is parked, ended,
 * lost or handed back, no promise of this activation ever settles. A crash at any point loses only the attempts in
 * progress: the next holder replays the same history to the same place.
 */
export class Activation implements Turning, OperationContext, Recorded {
  #run: LeasedRun;
  readonly root = new Scope("", null);
  readonly payloadMax: number;
  readonly #handler: Handler;
  readonly #env: ActivationEnvironment;
  readonly #operations = new Map<string, Operation>();
  /** Begun but not settled. */
  readonly #open = new Set<Operation>();
  readonly #attempts = new Set<Attempt>();
  readonly #waits = new WaitBook();
  /** Created only for arrivals and for replay: most runs need neither. */
  #mailbox: Mailbox | null = null;
  #history: History = noHistory;
  #replay: Replay | null = null;
  #recorder: Recorder;
  /** Requested before the history was used up. */
  #held: Operation[] = [];
  #isBegun = false;
  #wantsPull = false;
  #isCaughtUp = false;
  #isFrontier = false;
  /** Its history is used up and its undos run: nothing else that the code requests counts. */
  #isUndoing = false;
  readonly #stopped = new StoppedBranches();
  readonly #unheard = new UnheardFailures();
  /** Created only for steps with an undo, cleanups and stopped branches. */
  #leftovers: Leftovers | null = null;
  /** Cleanups that are recorded and that the code has not received yet. */
  #freshCleanups: Set<string> | null = null;
  /** How the code has ended, while the leftovers of stopped branches are tidied up. */
  #finished: Ending | null = null;
  #vault: Vault | null = null;
  #pivot: string | null = null;
  #isRetryRequested = false;
  #holds = 0;
  #lastAt: number;
  /** The place of the last result that the code has received. */
  #deliveredSeq = 0;
  #isPulling = false;
  #isParking = false;
  /** Parked, and still in memory: nothing is held, and the code gets nothing until the run is leased again. */
  #isWarm = false;
  #isEnding = false;
  #isOver = false;
  /** Cancels the planned flush of log lines; null if none is planned. */
  #stopLogFlush: (() => void) | null = null;
  #halt: Halt | null = null;
  #isStopping = false;
  #controller: AbortController | null = null;
  #stopReason: Error | null = null;
  #stopTimer: (() => void) | null = null;
  #stopDeadline: (() => void) | null = null;

  constructor(run: LeasedRun, handler: Handler, env: ActivationEnvironment) {
    this.#run = run;
    this.#handler = handler;
    this.#env = env;
    this.#lastAt = run.createdAt;
    this.payloadMax = handler.payloadMax;
    this.#recorder = new Recorder(this, env, 0);
  }

  // --- Lifecycle -----------------------------------------------------------------------------------------------------

  get run(): LeasedRun {
    return this.#run;
  }

  /** Runs the code from its beginning and replays what is recorded, or continues a run that was warm. */
  begin(journal: Journal | null): void {
    if (this.#isOver || this.#halt !== null) return;
    if (this.#isCaughtUp && journal !== null) return this.#continue(journal);
    this.#isBegun = true;
    if (journal === null) this.#isCaughtUp = true;
    else {
      this.#history = readHistory(journal);
      this.#replay = new Replay(this.#history, this.#operations, this.#stopped);
      this.#recorder = new Recorder(this, this.#env, this.#history.lastSeq);
      this.#isFrontier = this.run.isUnclean;
      this.#receive(journal.arrivals);
      if (this.#halt !== null) return this.#checkHalt();
    }
    if (this.run.deadlineAt !== null) this.#watchDeadline(this.run.deadlineAt);
    if (this.#halt !== null) return this.#checkHalt();
    const text = this.#clearInput();
    if (this.#halt !== null) return this.#checkHalt();
    const input: unknown = text === null ? undefined : JSON.parse(text);
    this.#env.within(this.run, null, null, () => {
      this.#handler.execute(this, input).then(
        (output) => this.#end({ output }),
        (error: unknown) => this.#end({ error }),
      );
    });
    this.#env.pump.add(this);
    if (this.#wantsPull) this.pull();
  }

  /** What `begin` needs of the run's journal. */
  get needs(): JournalPart {
    return this.#isCaughtUp ? "open" : "all";
  }

  get isWarm(): boolean {
    return this.#isWarm;
  }

  /** How much memory it may use: the number of operations of its code. */
  get weight(): number {
    return this.#operations.size;
  }

  /** Whether a lease of this run by this code continues it where it was parked. Nothing of its history has changed then. */
  continues(run: LeasedRun, handler: Handler): boolean {
    const { no, fence, round } = this.#run;
    const isSame = run.no === no && run.round === round && handler === this.#handler;
    const isUndisturbed = run.compensation === null && !run.isUnclean && run.uncleanCount === 0;
    return this.#isWarm && isSame && isUndisturbed && this.safeguards.isNextFence(fence, run.fence);
  }

  /** The run is leased again. `begin` with its open waits and arrivals continues its code. */
  leased(run: LeasedRun): void {
    this.#run = run;
    this.#isWarm = false;
    this.#isParking = false;
    this.#isBegun = false;
    this.#isPulling = false;
    this.#isRetryRequested = false;
  }

  #continue(journal: Journal): void {
    this.#isBegun = true;
    // A person may have made a retry due now.
    this.#waits.setDueTimes(journal.waits);
    this.#receive(journal.arrivals);
    if (this.run.deadlineAt !== null) this.#watchDeadline(this.run.deadlineAt);
    if (this.#halt !== null) return this.#checkHalt();
    this.#env.pump.add(this);
    if (this.#wantsPull) this.pull();
  }

  /** Parked. Its code stays in memory until it is leased again, or until `cool`. */
  #keepWarm(): void {
    this.#isWarm = true;
    this.#stopTimers();
    this.#env.over(this, { state: "parked" });
  }

  /** Drops a warm run: nothing that its code does counts from now on, and the next lease replays it. */
  cool(): void {
    if (!this.#isWarm) return;
    this.#isWarm = false;
    this.#isOver = true;
    this.#env.cooled(this);
  }

  /** Code that awaits something else may go on while the run is parked. Only a replay can put that in its place. */
  #isAway(): boolean {
    if (this.#isWarm) this.cool();
    return this.#isOver;
  }

  #clearInput(): string | null {
    const { input, id } = this.run;
    if (!hasSealed(input)) return input;
    try {
      const { text, parts } = openInput(this.#env.cipher, input ?? "", id);
      for (const part of parts) this.openVault().learn(part);
      return text;
    } catch (error) {
      this.#haltSealed(null, error);
      return null;
    }
  }

  /** A value is not lost when its key is missing: the run is suspended until the key is restored. */
  #haltSealed(step: string | null, error: unknown): void {
    if (!(error instanceof BatonError)) throw error;
    this.#haltWith({ state: "suspended", reason: { code: "sealed", step, error: error.message } }, []);
  }

  get vault(): Vault | null {
    return this.#vault;
  }

  openVault(): Vault {
    this.#vault ??= new Vault(this.#env.cipher, this.run.id);
    return this.#vault;
  }

  get canSeal(): boolean {
    return this.#env.cipher.keyId !== null;
  }

  /** A run past its deadline fails, whatever it is doing. */
  #watchDeadline(deadlineAt: number): void {
    const { timeline, clock } = this.#env;
    this.#stopDeadline = watchDeadline(
      deadlineAt,
      { now: () => timeline.now(), after: (ms, call) => clock.after(ms, call) },
      () => {
        this.#haltWith(failureOf(pastDeadline(this.run), this.#facts), []);
      },
    );
  }

  /** Reads what has arrived for this run, as soon as its journal has been read. */
  pull(): void {
    this.#wantsPull = !this.#isBegun;
    if (!this.#isBegun || this.#isOver || this.#isPulling) return;
    this.#isPulling = true;
    const { no: run, fence } = this.run;
    const part = this.weight < defaults.warmFrom ? "arrivals" : "open";
    this.#env.store.load({ run, fence, part }).then(
      (journal) => {
        if (fence !== this.run.fence || this.#isWarm) return;
        this.#isPulling = false;
        if (this.#isOver) return;
        if (journal === null) return this.lose();
        this.#receive(journal.arrivals);
        if (this.#halt !== null) this.#checkHalt();
        else this.#env.pump.add(this);
      },
      () => {
        this.#isPulling = false;
        // The next heartbeat reports the run again.
      },
    );
  }

  /** Hands the run back once its attempts have ended, so that nothing is left half done. */
  handBack(): void {
    if (!this.#isEnding) this.#haltWith({ state: "ready" }, []);
  }

  /** Aborted when the run is cancelled or this worker no longer holds it. Created when it is first read. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#stopReason !== null) this.#controller.abort(this.#stopReason);
    }
    return this.#controller.signal;
  }

  /** Aborts what still runs, for example after a grace period. */
  abortAttempts(reason: Error): void {
    this.#stopReason ??= reason;
    this.#controller?.abort(reason);
    for (const attempt of this.#attempts) attempt.abort(reason);
  }

  /** The run is no longer held here: nothing it does counts from now on. */
  lose(): void {
    this.abortAttempts(new BatonError("lease-lost", `run ${this.run.id} is now held by another worker`));
    this.#finish(null);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  answered(): void {
    if (this.#halt !== null) this.#checkHalt();
  }

  get isBusy(): boolean {
    return this.#attempts.size > 0;
  }

  /** Keys that the code has requested so far, in order. */
  get operationKeys(): readonly string[] {
    return [...this.#operations.keys()];
  }

  #finish(end: Next | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimers();
    for (const attempt of this.#attempts) attempt.stopTimer?.();
    this.#env.over(this, end);
  }

  #stopTimers(): void {
    this.#stopTimer?.();
    this.#stopDeadline?.();
    this.#stopLogFlush?.();
    this.#stopTimer = null;
    this.#stopDeadline = null;
    this.#stopLogFlush = null;
  }

  // --- Operations of the code ----------------------------------------------------------------------------------------

  get definition(): DefinitionRef {
    return this.run.definition;
  }

  /** Store time of the last result that the code has received. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /**
   * True if the outcome of this key or its wait is in the history. The options that the code passes now then have no
   * effect, so a check of them that is newer than the history must not fail the run.
   */
  isRecorded(key: string): boolean {
    const { byKey, waits, supplied, received } = this.history;
    return byKey.has(key) || waits.has(key) || supplied.has(key) || received.has(key);
  }

  step(spec: StepSpec): Promise<unknown> {
    const answer: Answer<unknown> = new Answer((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(error);
        this.#unheard.note(answer, error, spec.scope);
      };
      this.#operation(new StepOperation(spec, this, resolve, fail));
    });
    return answer;
  }

  /** What an operation that consists of others returns to the code: its failure may be awaited later, too. */
  answer<T>(promise: Promise<T>, scope: Scope): Promise<T> {
    const answer: Answer<T> = new Answer((resolve, reject) => {
      promise.then(resolve, (error: unknown) => {
        reject(error);
        this.#unheard.note(answer, error, scope);
      });
    });
    return answer;
  }

  /**
   * A promise of this run's code was rejected and nothing awaits it. The error of an operation may be awaited later; any
   * other one fails the run. False: the run is over, or it is being compensated, and nothing was done.
   */
  rejected(step: string | null, error: unknown, promise: unknown): boolean {
    if (this.#isAway() || this.#isEnding || this.run.compensation !== null) return false;
    if (!this.#unheard.take(promise, error) && this.safeguards.hearsFailures())
      this.#haltWith(failureOf(unhandledRejection(this.run.id, step, error), this.#facts), []);
    return true;
  }

  /** The code now awaits a promise that was reported as rejected. */
  rejectionHandled(promise: unknown): void {
    this.#unheard.forget(promise);
  }

  wait(spec: WaitSpec): Promise<unknown> {
    return new Promise((resolve, reject) => this.#operation(new WaitOperation(spec, this, resolve, reject)));
  }

  effect(spec: EffectSpec): Promise<unknown> {
    return new Promise((resolve, reject) => this.#operation(new EffectOperation(spec, this, resolve, reject)));
  }

  /** Ends this run and lets the given one continue in its place. Never settles. */
  continueAs(prepare: () => Promise<StartRun>): Promise<never> {
    const release = this.hold();
    prepare()
      .then(
        (start) => this.#end({ continuesAs: start }),
        (error: unknown) => this.#end({ error }),
      )
      .finally(release);
    return new Promise(() => {});
  }

  /** Stops branches: what they await is aborted, and their operations never settle from now on. */
  closeScopes(scopes: Iterable<Scope>, why: StopReason): void {
    if (this.#isAway()) return;
    for (const scope of scopes) {
      this.#stopped.add(scope.path);
      scope.close(this.#deliveredSeq);
    }
    for (const operation of this.#open) if (operation.scope.isClosed) operation.abort(stopError(why));
    this.#openLeftovers().stopped();
  }

  #openLeftovers(): Leftovers {
    this.#leftovers ??= new Leftovers(this.#leftoversHost(), this.#env.cancelGraceMs);
    return this.#leftovers;
  }

  #leftoversHost(): LeftoversHost {
    const activation = this;
    const isStoppedAttempt = ({ spec: { key } }: Attempt): boolean =>
      this.#operations.get(key)?.scope.isClosed === true;
    const isOpenUndoable = (operation: Operation): boolean =>
      operation.scope.isClosed &&
      operation.undo != null &&
      (this.#recorder.isRecording(operation) || [...this.#attempts].some(({ spec }) => spec.key === operation.key));
    return {
      run: this.run,
      root: this.root,
      safeguards: this.safeguards,
      get history() {
        return activation.#history;
      },
      get canBegin() {
        const { caughtUp } = activation.#env;
        const isIdle =
          activation.#isOver || activation.#isEnding || activation.#halt !== null || caughtUp !== undefined;
        return activation.#isCaughtUp && !isIdle && activation.run.compensation === null;
      },
      get hasStoppedAttempts() {
        return [...activation.#attempts].some(isStoppedAttempt);
      },
      get hasOpenUndoables() {
        return [...activation.#open].some(isOpenUndoable);
      },
      step: (spec) => this.step(spec),
      hold: () => this.hold(),
      soon: (call) => this.#env.clock.soon(call),
      after: (ms, call) => void this.after(ms, call),
      open: (text, key) => this.#openResult(text, key),
      settled: () => {
        if (this.#finished !== null) this.#end(this.#finished, true);
      },
    };
  }

  #openResult(text: string | null, key: string): string | null {
    return hasSealed(text) ? this.openVault().open(text ?? "", key, "output") : text;
  }

  /** Keeps log lines of code between steps. Lines of a replay were kept the first time. */
  logOutside(line: LogLine): void {
    if (!this.#isAway() && this.#isCaughtUp) this.log(line);
  }

  #operation(operation: Operation): void {
    if (this.#isAway() || this.#isEnding || operation.scope.isClosed) return;
    if (this.#isUndoing && operation.kind !== "undo") return;
    if (this.#operations.size >= defaults.stepsMax && !this.#isUndoing) {
      const error = new BatonError("limit", `run ${this.run.id} reached the limit of ${defaults.stepsMax} steps`, {
        hint: "split it into child runs, or use ctx.continueAsNew",
      });
      return this.#end({ error });
    }
    this.#operations.set(operation.key, operation);
    if (this.#operations.size === defaults.stepsWarnAt && this.#isCaughtUp) this.#warnOfLength();
    const past = this.#replay?.expect(operation);
    if (past === undefined) {
      if (this.#isCaughtUp && this.#halt === null && this.#env.caughtUp === undefined) this.#beginOperation(operation);
      else this.#held.push(operation);
      return;
    }
    if (past.kind !== operation.kind) {
      return this.#diverge(`"${operation.key}" was a ${past.kind}; the code now has a ${operation.kind} of this name`);
    }
    this.#env.pump.add(this);
  }

  /** Half of its steps are used: warns the operator and logs it in the run. */
  #warnOfLength(): void {
    const message = `${defaults.stepsWarnAt} of at most ${defaults.stepsMax} steps are used; use ctx.continueAsNew or child runs`;
    this.#env.warn("the history of a run is getting long", { run: this.run.id, steps: defaults.stepsWarnAt });
    this.log({ key: null, level: "warn", message, data: null });
  }

  #beginOperation(operation: Operation): void {
    this.#open.add(operation);
    operation.begin();
  }

  // --- Turns ---------------------------------------------------------------------------------------------------------

  /** Delivers at most one result to the code. True if there may be another in the next turn. */
  turn(): boolean {
    const isBusy = this.#isEnding || this.#halt !== null || this.#isParking;
    if (!this.#isBegun || this.#isOver || this.#isWarm || isBusy) return false;
    const urgent = this.#replay?.nextUrgent();
    if (urgent !== undefined) return this.#deliver(urgent.operation, urgent.entry, urgent.entry.at);
    if (!this.#isCaughtUp) return this.#replayNext();
    const fresh = this.#recorder.next();
    if (fresh !== null) {
      this.#deliver(fresh.operation, fresh.entry, fresh.at ?? this.#lastAt);
      if (this.#finished !== null && !this.#recorder.hasFailure) this.#end(this.#finished, true);
      return true;
    }
    if (!this.#deliverArrivals()) return false;
    this.#settleDown();
    return false;
  }

  /** False: an arrival is sealed and cannot be opened. It stays unread. */
  #deliverArrivals(): boolean {
    try {
      this.#mailbox?.deliver(this.#waits);
      return true;
    } catch (error) {
      this.#haltSealed(null, error);
      return false;
    }
  }

  #replayNext(): boolean {
    const step = this.#replay?.next() ?? { kind: "caught-up" };
    switch (step.kind) {
      case "answer":
        return this.#deliver(step.operation, step.entry, step.entry.at);
      case "caught-up":
        this.#beginHeld();
        return true;
      case "wait":
        // The code may await something else between steps, such as an import.
        if (!step.isSoon) this.#env.clock.after(stuckMs, () => this.#env.pump.add(this));
        return step.isSoon;
      case "diverged":
        this.#diverge(differenceText(this.#history, step.entry, this.#operations));
        return false;
    }
  }

  #beginHeld(): void {
    this.#isCaughtUp = true;
    if (this.#env.caughtUp !== undefined) return this.#env.caughtUp(this);
    if (this.run.compensation !== null) return this.#tryUndoing(this.run.compensation);
    this.#stopHeld();
    const held = this.#held;
    this.#held = [];
    for (const operation of held) if (this.#halt === null) this.#beginOperation(operation);
    this.#isFrontier = false;
    this.#leftovers?.tend();
    if (this.#finished !== null) this.#end(this.#finished, true);
  }

  /** Ends waits of closed branches that are still registered: the holder that closed them crashed before the commit. */
  #stopHeld(): void {
    for (const operation of this.#held) {
      if (!operation.scope.isClosed) continue;
      if (this.#history.waits.has(operation.key)) operation.abort(stopError("race-lost"), true);
      if (this.#history.abandoned.has(operation.key))
        this.#openLeftovers().note(operation, { outcome: "abandoned", value: null });
    }
    this.#held = this.#held.filter((operation) => !operation.scope.isClosed);
  }

  #deliver(operation: Operation, entry: Entry, at: number): true {
    this.#lastAt = at;
    this.#deliveredSeq = entry.seq;
    this.#open.delete(operation);
    if (entry.kind === "pivot") this.#pivot = entry.key;
    this.#freshCleanups?.delete(entry.key);
    try {
      if (operation.undo != null) this.#openLeftovers().note(operation, entry);
      if (operation.scope.isClosed) return true;
      operation.settle(entry);
    } catch (error) {
      this.#haltSealed(operation.key, error);
    }
    return true;
  }

  // --- Recording -----------------------------------------------------------------------------------------------------

  record(operation: Operation, draft: Draft, extras: Extras = {}): void {
    if (this.#isOver || this.#isEnding) return;
    const fresh = this.#recorder.place(operation, draft);
    const wait = this.#waits.settle(operation.key);
    if (operation.kind === "cleanup") this.#freshCleanups = (this.#freshCleanups ?? new Set()).add(operation.key);
    this.#recorder.send({ entries: [fresh.entry], ...extras }, (outcome) => {
      if (outcome.ok) {
        fresh.entry = settledEntry(fresh.entry, outcome.diverted ?? []);
        fresh.at = outcome.at;
        this.#env.pump.add(this);
        return;
      }
      // An event arrived before the timeout was recorded. It comes first, so the timeout is void.
      fresh.isVoid = true;
      if (wait !== undefined) this.#waits.resume(Object.assign(wait, { dueAt: null }));
      this.pull();
    });
  }

  commit(extras: Extras): Promise<Extract<AdvanceOutcome, { ok: true }>> {
    return new Promise((resolve) => {
      this.#recorder.send(extras, (outcome) => {
        if (!outcome.ok) return;
        resolve(outcome);
        this.#env.pump.add(this);
      });
    });
  }

  /**
   * The place in the run's order is taken before the work begins: results recorded meanwhile are delivered after it.
   */
  async transact<T>(
    work: (db: TxClient) => Promise<T>,
    draft: (value: T) => Draft,
    operation: Operation,
  ): Promise<void> {
    const fresh = this.#recorder.place(operation, { outcome: "ok", value: null, input: null, attempts: 1, tookMs: 0 });
    const { no: run, fence } = this.run;
    try {
      const { outcome } = await this.#env.store.transact({ run, fence }, work, (value) => {
        fresh.entry = { ...fresh.entry, ...draft(value) };
        return { kind: "advance", run, fence, entries: [fresh.entry] };
      });
      if (!outcome.ok) return this.lose();
      fresh.at = outcome.at;
    } catch (error) {
      fresh.isVoid = true;
      throw error;
    } finally {
      this.#env.pump.add(this);
    }
  }

  log(line: LogLine): void {
    this.#recorder.log(line);
    this.#stopLogFlush ??= this.#env.clock.after(defaults.logFlushMs, () => this.#flushLogs());
  }

  takeLogs(): readonly LogLine[] | undefined {
    const lines = this.#recorder.takeLogs();
    const vault = this.#vault;
    return vault === null ? lines : lines?.map((line) => vault.redactLine(line));
  }

  /** Lines are usually sent with the result of their step. Those of a long step must survive a crash before it ends. */
  #flushLogs(): void {
    this.#stopLogFlush = null;
    if (this.#isOver || this.#isEnding) return;
    const logs = this.takeLogs();
    if (logs !== undefined) this.#recorder.send({ logs }, () => {});
  }

  #logsPart(): { logs?: readonly LogLine[] } {
    const logs = this.takeLogs();
    return logs === undefined ? {} : { logs };
  }

  // --- Waits ---------------------------------------------------------------------------------------------------------

  openWait(opening: WaitOpening, operation: Operation, onDue: () => void, starts: readonly StartRun[] = []): void {
    this.#waits.open(opening, { key: opening.key, kind: opening.kind, dueAt: undefined, operation, onDue }, starts);
    this.#env.pump.add(this);
  }

  resumeWait(wait: OpenWait): void {
    if (this.#isRetryRequested && wait.kind === "retry") wait.dueAt = 0;
    this.#waits.resume(wait);
    this.#env.pump.add(this);
  }

  closeWait(key: string, isRegistered = false): void {
    this.#waits.close(key, isRegistered);
    this.#env.pump.add(this);
  }

  cancelChild(key: string, isRegistered = false): void {
    this.#waits.cancelChild(key, isRegistered);
    this.#env.pump.add(this);
  }

  hold(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
      if (!this.#isOver) this.#env.pump.add(this);
    };
  }

  /** Nothing to deliver: registers new waits, and parks the run if only waits are left and none ends soon. */
  #settleDown(): void {
    if (this.#waits.size === 0 && !this.#waits.hasUnsent) return;
    const now = this.#env.timeline.now();
    const nearest = this.#waits.nearestDue(now);
    const isIdle = this.#attempts.size === 0 && this.#holds === 0 && this.#leftovers?.isPending !== true;
    const isQuiet = isIdle && this.#recorder.isDrained;
    if (isQuiet && this.#waits.size > 0 && nearest - now > this.#env.keepMs) return this.#park();
    if (this.#waits.hasUnsent) this.#sendWaits();
    this.#armTimer(nearest, now);
  }

  #sendWaits(): void {
    const { parts, committed, hasAwaited } = this.#waits.takeUnsent();
    this.#recorder.send(parts, (outcome) => {
      if (!outcome.ok) return;
      committed(outcome.at);
      this.#refuseCalls(outcome.diverted);
      if (hasAwaited) this.pull();
      this.#env.pump.add(this);
    });
  }

  /** The store refused the start of a call, and did not register its wait. */
  #refuseCalls(diverted: readonly DivertedStart[] = []): void {
    for (const each of diverted) {
      if ("error" in each) this.#waits.get(each.key)?.operation.refuse?.(each.error);
    }
  }

  #armTimer(nearest: number, now: number): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    if (nearest === Number.POSITIVE_INFINITY) return;
    this.#stopTimer = this.#env.clock.after(Math.max(0, nearest - now), () => this.#fireDue());
  }

  #fireDue(): void {
    if (this.#isOver || this.#halt !== null || this.#isParking || this.#isEnding) return;
    for (const wait of this.#waits.takeDue(this.#env.timeline.now())) wait.onDue();
    this.#env.pump.add(this);
  }

  /** Releases the run until something that it waits for arrives. */
  #park(): void {
    const leftOpen = [...this.#history.waits.values()].filter((wait) => !this.#operations.has(wait.key));
    if (leftOpen.length > 0 && !this.#history.isReopened) {
      return this.#diverge(`The run is waiting for "${leftOpen[0]?.key}"; the code no longer does`);
    }
    this.#isParking = true;
    const { parts, committed } = this.#waits.takeUnsent();
    const closes = [...(parts.closes ?? []), ...leftOpen.map((wait) => wait.key)];
    const unread = this.#mailbox?.takeUnread() ?? [];
    const advance: Partial<Advance> = {
      ...parts,
      ...(closes.length === 0 ? {} : { closes }),
      ...(unread.length === 0 ? {} : { read: unread }),
      ...this.#logsPart(),
      next: { state: "parked" },
    };
    this.#recorder.send(advance, (outcome) => {
      if (outcome.ok && !outcome.isUnread) {
        committed(outcome.at);
        return this.weight < this.#env.warmFrom ? this.#finish({ state: "parked" }) : this.#keepWarm();
      }
      this.#isParking = false;
      if (outcome.ok) {
        committed(outcome.at);
        this.#refuseCalls(outcome.diverted);
      }
      this.pull();
    });
  }

  // --- Attempts ------------------------------------------------------------------------------------------------------

  attemptStarted(attempt: Attempt): void {
    this.#attempts.add(attempt);
  }

  attemptEnded(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    if (this.#halt !== null) this.#env.clock.soon(() => this.#checkHalt());
  }

  /** Shows attempts that have lasted for `showAfterMs`, and their progress. */
  showLongAttempts(showAfterMs: number): void {
    if (this.#isOver || this.#isEnding || this.#attempts.size === 0) return;
    const shows: Showing[] = [];
    for (const attempt of this.#attempts) {
      const isLong = this.#env.clock.mono() - attempt.spec.startedMono >= showAfterMs;
      if (attempt.isShown ? attempt.unshown === null : !isLong) continue;
      const { progress = null, note = null } = attempt.unshown ?? {};
      shows.push({ key: attempt.spec.key, attempt: attempt.number, progress, note: this.#shownNote(attempt, note) });
      attempt.isShown = true;
      attempt.unshown = null;
    }
    if (shows.length > 0) this.#recorder.send({ shows }, () => {});
  }

  #shownNote(attempt: Attempt, note: string | null): string | null {
    if (note === null) return null;
    return attempt.spec.isSensitive === true ? hidden : (this.#vault?.redact(note) ?? note);
  }

  // --- Compensation --------------------------------------------------------------------------------------------------

  /** Results of a branch that lost a race are opened here for the first time. */
  #tryUndoing(compensation: Compensation): void {
    try {
      this.#beginUndoing(compensation);
    } catch (error) {
      this.#haltSealed(null, error);
    }
  }

  #beginUndoing(compensation: Compensation): void {
    this.#isUndoing = true;
    this.#isFrontier = this.run.isUnclean;
    const undoing: Undoing = {
      run: this.run,
      scope: this.root,
      history: this.#history,
      undos: this.#listUndos(compensation),
      liveChildren: () => this.#env.store.query("liveChildren", { run: this.run.no }),
      pause: (ms) => new Promise((resolve) => this.#env.clock.after(ms, resolve)),
      hold: () => this.hold(),
      isStopped: () => this.#isOver || this.#halt !== null,
      step: (spec) => {
        const answer = this.step(spec);
        // Only the first undo may have been running when the last holder crashed.
        this.#isFrontier = false;
        return answer;
      },
    };
    compensate(undoing, compensation).then((end) => {
      if (end.state === "suspended") this.suspend(end.reason);
      else this.#finishUndoing(end);
    });
  }

  /** Cleanups of code that has returned no longer apply. */
  #listUndos(compensation: Compensation): readonly Undoable[] {
    const listed = this.safeguards.listUndos(
      this.#history,
      this.#operations,
      compensation.isFrontierUnknown === true,
      (text, key) => this.#openResult(text, key),
    );
    return listed.flatMap((each): readonly Undoable[] => {
      if (each.kind !== "cleanup") return compensation.isCleanupOnly === true ? [] : [each];
      const scope = this.#operations.get(each.key)?.scope ?? this.root;
      return scope.fate === "ended" || !this.safeguards.cleansUp() ? [] : [{ ...each, stop: scope.stop }];
    });
  }

  #finishUndoing(next: Next): void {
    if (this.#isOver || this.#isEnding || this.#halt !== null) return;
    this.#isEnding = true;
    this.#recorder.send({ ...this.#logsPart(), next }, () => this.#finish(next));
  }

  // --- Ending --------------------------------------------------------------------------------------------------------

  #end(result: Ending, isSettled = false): void {
    if (this.#isAway()) return;
    if (!isSettled && this.#unheard.isUnsure) return this.#endLater(result);
    if (this.#isEnding || this.#halt !== null || this.#isUndoing) return;
    const left = this.#replay?.leftOut();
    if (left !== undefined) return this.#diverge(differenceText(this.#history, left, this.#operations));
    // Only the replayed steps matter now. The turn that uses up the history begins the compensation.
    if (this.run.compensation !== null) return this.#env.pump.add(this);
    this.#stopHeld();
    if (this.#waitsForFailures(result) || this.#waitsForLeftovers(result)) return;
    this.#isEnding = true;
    if (!("error" in result)) this.#warnOfOpen();
    const entries = this.#abandonOpen();
    const undoneBadly = "error" in result ? undefined : this.#leftovers?.failure;
    const next = undoneBadly ?? nextOf(this.#heard(result), this.#facts);
    // The code may end in the turn that closes a branch: the children of that branch are cancelled with the end.
    const { cancels } = this.#waits.takeUnsent().parts;
    const advance = {
      ...(entries.length === 0 ? {} : { entries }),
      ...(cancels === undefined ? {} : { cancels }),
      ...this.#logsPart(),
      next,
    };
    // If the outcome is unread, a cancel came first: the store knows how the run ended.
    this.#recorder.send(advance, (outcome) => this.#finish(outcome.ok && outcome.isUnread ? null : next));
  }

  /**
   * The end of the code waits for the undos and cleanups of stopped branches. A failed run waits only for the one in
   * progress: its compensation, its cleanups or a resume continue with the others.
   */
  /** A failure that is recorded and not delivered yet: whether the code ignores it is known only afterwards. */
  #waitsForFailures(result: Ending): boolean {
    // What a resume runs again begins only when the history is used up. A rehearsal begins nothing.
    const isReplaying = !this.#isCaughtUp && this.#env.caughtUp === undefined;
    if ("error" in result || !(isReplaying || this.#recorder.hasFailure)) return false;
    this.#finished = result;
    this.#env.pump.add(this);
    return true;
  }

  #waitsForLeftovers(result: Ending): boolean {
    if ("error" in result) this.#leftovers?.halt();
    const isWaiting = "error" in result ? this.#leftovers?.isBusy : this.#leftovers?.isPending;
    if (isWaiting !== true) return false;
    this.#finished ??= result;
    this.#env.pump.add(this);
    this.#leftovers?.tend();
    return true;
  }

  /** A failure may be awaited in the same task in which the code ends: the platform reports that after this task. */
  #endLater(result: Ending): void {
    const release = this.hold();
    this.#env.clock.soon(() => {
      release();
      this.#end(result, true);
    });
  }

  /** The end of code that never asked for the result of a failed operation is that failure. */
  #heard(result: Ending): Ending {
    const unheard = "error" in result || !this.safeguards.hearsFailures() ? null : this.#unheard.first();
    if (unheard === null) return result;
    const message = "the code ended without awaiting an operation that had failed: the run fails with its error";
    this.log({ key: null, level: "warn", message, data: null });
    return unheard;
  }

  /** Names the operations that the code has requested and that are still unfinished when it ends. */
  #warnOfOpen(): void {
    const open = [...this.#open].filter(({ scope, kind }) => !scope.isClosed && kind !== "undo").map(({ key }) => key);
    if (open.length === 0) return;
    const names = `${open.slice(0, namesMax).join(", ")}${open.length > namesMax ? ` and ${open.length - namesMax} more` : ""}`;
    this.#env.warn("the code of a run ended before operations that it did not await", {
      run: this.run.id,
      operations: names,
    });
    this.log({
      key: null,
      level: "warn",
      message: `the code ended before these operations, which it did not await: ${names}`,
      data: null,
    });
  }

  /** Aborts the steps that the code did not await, and records them as abandoned. */
  #abandonOpen(): Entry[] {
    const entries: Entry[] = [];
    // Usually nothing is open: skip creating an error with its stack.
    if (this.#open.size === 0) return entries;
    const reason = new BatonError("abandoned", "the run ended before this step");
    for (const operation of this.#open) {
      operation.abort(reason);
      if (!isStep(operation) || this.#recorder.isRecording(operation)) continue;
      entries.push(
        this.#recorder.entry(operation, { outcome: "abandoned", value: null, input: null, attempts: 1, tookMs: 0 }),
      );
    }
    return entries;
  }

  get #facts(): EndingFacts {
    return {
      handler: this.#handler,
      pivot: this.#pivot ?? this.#history.pivot,
      vault: this.#vault,
      isFrontierUnknown: this.run.isUnclean && !this.#isCaughtUp,
      hasCleanups: this.#hasCleanups,
    };
  }

  /** Before the history is used up it is not known which of them still apply: the replay that calls them finds out. */
  get #hasCleanups(): boolean {
    if (!this.safeguards.cleansUp()) return false;
    const { entries, undone } = this.#history;
    const isRecorded = (entry: PastEntry): boolean => entry.kind === "cleanup" && !undone.has(entry.key);
    if (!this.#isCaughtUp && entries.some(isRecorded)) return true;
    return (this.#freshCleanups?.size ?? 0) > 0 || this.#leftovers?.hasCleanups === true;
  }

  suspend(reason: Reason): void {
    this.#haltWith({ state: "suspended", reason }, []);
  }

  #diverge(detail: string): void {
    if (!this.safeguards.haltsDiverged()) return;
    this.suspend({
      code: "diverged",
      detail,
      recorded: this.#history.entries.map((entry) => entry.key).slice(0, shownKeysMax),
      asked: [...this.#operations.keys()].slice(0, shownKeysMax),
    });
  }

  // --- Requests and halts --------------------------------------------------------------------------------------------

  #receive(arrivals: readonly Arrival[]): void {
    this.#mailbox ??= new Mailbox();
    for (const request of this.#mailbox.receive(arrivals, this.#waits)) this.#carryOut(request);
  }

  #carryOut(arrival: Arrival): void {
    const request = JSON.parse(arrival.body ?? "{}") as Request;
    // A compensating run ends by itself. A parent's cancel would stop it halfway.
    if (request.verb === "cancel" && this.run.compensation !== null) {
      this.#recorder.send({ read: [arrival.id] }, () => {});
      return;
    }
    const reason: Reason = { code: "by-person", by: request.actor, why: request.why };
    switch (request.verb) {
      case "cancel":
        return this.#haltWith(this.#cancellation(request, reason), [arrival.id]);
      case "suspend":
        return this.#haltWith(
          { state: "suspended", reason, ...(request.stopsClocks === true ? { stopsClocks: true } : {}) },
          [arrival.id],
        );
      case "retry":
        this.#recorder.send({ read: [arrival.id] }, () => {});
        // Waits of a history that is still being replayed become due when they are resumed.
        this.#isRetryRequested = !this.#isCaughtUp;
        this.#waits.hurryRetries();
        this.#fireDue();
    }
  }

  /** After the point of no return nothing is undone. */
  #cancellation(request: Request, reason: Reason): Next {
    const facts = this.#facts;
    if (request.isCompensated !== true || facts.pivot !== null)
      return facts.hasCleanups ? cleanupOf({ end: "cancelled", reason }) : { state: "cancelled", reason };
    return undoingOf({ end: "cancelled", reason }, facts);
  }

  /** Stops delivering results and beginning operations. The run is left as `next` when its attempts have ended. */
  #haltWith(next: Next, read: readonly number[]): void {
    if (this.#isOver || this.#isEnding) return;
    // A cancel, a compensation or a failure replaces a pending suspension or hand-back.
    const isStop = next.state === "cancelled" || next.state === "compensating" || next.state === "failed";
    if (this.#halt !== null && !(isStop && !this.#isStopping)) return;
    this.#isStopping ||= isStop;
    this.#halt = { next, read: [...read, ...(this.#halt?.read ?? [])] };
    this.#stopTimer?.();
    if (isStop) {
      this.abortAttempts(new BatonError("cancelled", `run ${this.run.id} is being stopped`));
      if (this.#attempts.size > 0) this.#env.clock.after(this.#env.cancelGraceMs, () => this.#leave());
    }
    this.#env.clock.soon(() => this.#checkHalt());
  }

  #checkHalt(): void {
    if (this.#halt === null || this.#isOver || this.#isEnding) return;
    if (this.#attempts.size === 0 && this.#recorder.isCommitted) this.#leave();
  }

  #leave(): void {
    const halt = this.#halt;
    if (halt === null || this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
    const { parts } = this.#waits.takeUnsent();
    // The compensation must know which steps were still running.
    const isCut = halt.next.state === "compensating" || halt.next.state === "failed";
    const entries = isCut && this.#attempts.size > 0 ? this.#abandonOpen() : [];
    const advance = {
      ...parts,
      ...(entries.length === 0 ? {} : { entries }),
      ...(halt.read.length === 0 ? {} : { read: halt.read }),
      ...this.#logsPart(),
      next: halt.next,
    };
    this.#recorder.send(advance, (outcome) => this.#finish(outcome.ok && outcome.isUnread ? null : halt.next));
  }

  // --- OperationContext ----------------------------------------------------------------------------------------------

  get safeguards(): EngineSafeguards {
    return this.#env.safeguards;
  }

  get history(): History {
    return this.#history;
  }

  get isFrontier(): boolean {
    return this.#isFrontier;
  }

  chance(): number {
    return this.#env.random.float();
  }

  mono(): number {
    return this.#env.clock.mono();
  }

  storeNow(): number {
    return this.#env.timeline.now();
  }

  after(ms: number, call: () => void): () => void {
    return this.#env.clock.after(ms, () => {
      if (!this.#isOver) call();
    });
  }

  within<T>(key: string, attempt: Attempt, work: () => T): T {
    return this.#env.within(this.run, key, attempt, work);
  }
}

/** Delay between checks of code that awaits something else. */
const stuckMs = 10;
const shownKeysMax = 100;
/** Operations in a warning. */
const namesMax = 10;

function isStep(operation: Operation): boolean {
  return operation.kind === "step" || operation.kind === "once" || operation.kind === "tx";
}
