import type { Preview, VerbDecision, VerbRequest } from "../decide/verb.ts";
import type { BulkRow } from "../model/bulk.ts";
import type { RunDetail } from "../model/detail.ts";
import type { RunFixture } from "../model/fixture.ts";
import { defaults } from "../model/limits.ts";
import type { DefinitionRef, LeasedRun } from "../model/run.ts";
import type { StartRun } from "../model/start-run.ts";
import type { Next } from "../model/transition.ts";
import { type Cipher, noCipher } from "../ports/cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Hint, Notifier } from "../ports/notifier.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { Attempt } from "./attempt.ts";
import { Definitions } from "./definitions.ts";
import { Doctor } from "./doctor.ts";
import { type EraseOptions, type EraseWhat, type Erasure, erase } from "./erase.ts";
import { importRun } from "./fixtures.ts";
import type { Found, Handler } from "./handler.ts";
import { type EventInput, Intake } from "./intake.ts";
import { Recovery } from "./recovery.ts";
import { Rests } from "./rests.ts";
import { type LoneEvaluator, Routing } from "./routing.ts";
import { type EngineSafeguards, safeguards } from "./safeguards.ts";
import { Schedules } from "./schedules.ts";
import { bulkHandler } from "./services/bulks.ts";
import { createRetention, type Retention } from "./services/retention.ts";
import { createRouter } from "./services/router.ts";
import { Scheduler } from "./services/schedules.ts";
import { keepRunning, type Service } from "./services/service.ts";
import { createTimers } from "./services/timers.ts";
import { type Started, Starting } from "./starting.ts";
import { placeOf, sealText } from "./vault.ts";
import { Worker } from "./worker.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly notifier: Notifier;
  readonly logger: Logger;
  readonly name: string;
  /** Baton's version, shown in the list of workers. */
  readonly version?: string;
  /** The queues that this worker serves; all if omitted. */
  readonly queues?: readonly string[];
  readonly heldMax?: number;
  readonly leaseMs?: number;
  readonly beatMs?: number;
  readonly pollMs?: number;
  readonly sweepMs?: number;
  readonly keepMs?: number;
  readonly warmFrom?: number;
  readonly showAfterMs?: number;
  readonly cancelGraceMs?: number;
  readonly retention?: Partial<Retention>;
  /** Time limit of one try to evaluate what an event starts. */
  readonly routingLimitMs?: number;
  /** Evaluates events in a process of its own. Without it, tries that must be alone run in this process. */
  readonly loneEvaluator?: LoneEvaluator;
  /** For sensitive values, which are refused without it. */
  readonly cipher?: Cipher;
  /** Replaced only by the simulator. */
  readonly safeguards?: Partial<EngineSafeguards>;
  readonly within?: <T>(run: LeasedRun, key: string | null, attempt: Attempt | null, work: () => T) => T;
  /** The step whose code is running, as set by `within`; null between steps. */
  readonly stepAround?: () => string | null;
  /** Looks for the code of a version that is not registered, such as an older one that a run started with. */
  readonly findHandler?: (definition: DefinitionRef) => Promise<Found>;
}

/**
 * The kernel's public interface: registers definitions, starts runs, accepts events and carries out recovery actions.
 * It owns the worker and the background services of this process.
 */
export class Engine {
  readonly store: Store;
  readonly #options: EngineOptions;
  readonly #worker: Worker;
  readonly #definitions = new Definitions();
  readonly #starting: Starting;
  readonly #routing: Routing;
  readonly #intake: Intake;
  readonly #recovery: Recovery;
  readonly #endings = new Map<number, Set<(next: Next) => void>>();
  readonly #moves = new Map<number, Set<() => void>>();
  readonly #rests: Rests;
  readonly #onEnd = new Set<(run: LeasedRun, next: Next) => void>();
  readonly #stops: (() => void)[] = [];
  readonly #scheduler: Scheduler;
  readonly #continueBulk: ReturnType<typeof bulkHandler>;
  readonly schedules: Schedules;
  readonly doctor: Doctor;
  /** Does nothing until the engine has started. */
  #checkTimers: () => void = () => {};

  constructor(options: EngineOptions) {
    this.#options = options;
    this.store = options.store;
    this.#scheduler = new Scheduler({
      store: options.store,
      clock: options.clock,
      logger: options.logger,
      handlerOf: (name) => this.#definitions.forNewStarts(name) ?? null,
      startOf: (handler, prepared, origin) => this.#starting.startOf(handler, prepared, origin),
    });
    this.doctor = new Doctor(options.store, options.random);
    this.schedules = new Schedules(options.store, options.random, this.#scheduler);
    this.#continueBulk = bulkHandler({
      store: options.store,
      intervene: (id, request, bulk, verb) => this.intervene(id, request, { bulk, verb }),
    });
    this.#worker = new Worker({
      store: options.store,
      clock: options.clock,
      random: options.random,
      notifier: options.notifier,
      logger: options.logger,
      name: options.name,
      version: options.version ?? "",
      queues: options.queues ?? null,
      heldMax: options.heldMax ?? defaults.heldMax,
      leaseMs: options.leaseMs ?? defaults.leaseMs,
      beatMs: options.beatMs ?? defaults.beatMs,
      pollMs: options.pollMs ?? defaults.pollMs,
      keepMs: options.keepMs ?? defaults.keepMs,
      warmFrom: options.warmFrom ?? defaults.warmFrom,
      showAfterMs: options.showAfterMs ?? defaults.showAfterMs,
      cancelGraceMs: options.cancelGraceMs ?? defaults.cancelGraceMs,
      safeguards: { ...safeguards, ...options.safeguards },
      cipher: options.cipher ?? noCipher,
      handlerOf: (run) => this.#definitions.get(run.definition),
      findHandler: (run) => this.#options.findHandler?.(run.definition) ?? null,
      within: options.within ?? ((_run, _key, _attempt, work) => work()),
      ended: (run, next) => this.#ended(run, next),
    });
    options.notifier.subscribe((hint) => this.#onHint(hint));
    this.#rests = new Rests(options.store, options.clock);
    const { store, clock, random } = options;
    const { cipher } = this;
    this.#recovery = new Recovery({ store, clock, random, cipher });
    const handlerOf = (name: string): Handler => this.#definitions.handlerOf(name);
    this.#starting = new Starting({ store, worker: this.#worker, random, cipher, handlerOf });
    const worker = (): number => this.#worker.incarnation;
    this.#routing = new Routing({
      store,
      clock,
      logger: options.logger,
      cipher,
      definitions: this.#definitions,
      loneEvaluator: options.loneEvaluator ?? null,
      limitMs: options.routingLimitMs ?? defaults.routing.limitMs,
      worker,
      startOf: (handler, prepared, origin) => this.#starting.startOf(handler, prepared, origin),
    });
    this.#intake = new Intake({ store, random, cipher, routing: this.#routing, worker });
  }

  // --- Definitions ---------------------------------------------------------------------------------------------------

  /**
   * Registers a version of a definition. Registering the same version again replaces its code for runs leased from now
   * on.
   */
  register(handler: Handler): void {
    this.#definitions.add(handler);
    this.#scheduler.register(handler.definition.name);
    this.#checkTimers();
    this.#worker.wake();
  }

  unregister(definition: DefinitionRef): void {
    this.#definitions.remove(definition);
    if (this.#definitions.chosen(definition.name) === undefined) this.#scheduler.forget(definition);
    else this.#scheduler.register(definition.name);
    this.#checkTimers();
  }

  get handlers(): readonly Handler[] {
    return this.#definitions.all;
  }

  /** Chooses the version that new starts of a name use; null: no new starts. Without a choice it is the newest one. */
  use(name: string, version: number | null): void {
    this.#definitions.use(name, version);
    this.#scheduler.register(name);
    this.#checkTimers();
  }

  /** The version that new starts of a name use here; null if there are none. */
  versionForNewStarts(name: string): number | null {
    return this.#definitions.forNewStarts(name)?.definition.version ?? null;
  }

  /** The code of one version. Looks for it if it is not registered. */
  async find(definition: DefinitionRef): Promise<Found> {
    const handler = this.#definitions.get(definition);
    if (handler !== null) return { handler };
    return (await this.#options.findHandler?.(definition)) ?? { lack: "it is not registered here" };
  }

  /** The registered version that new starts of a name use. Throws if there is none. */
  handlerOf(name: string): Handler {
    return this.#definitions.handlerOf(name);
  }

  // --- Lifecycle -----------------------------------------------------------------------------------------------------

  async start(): Promise<void> {
    const { store, clock, logger, notifier, retention } = this.#options;
    await this.#worker.start();
    const services = [
      keepRunning(
        createRetention(store, { ...defaults.retention, ...retention }, this.#options.sweepMs),
        clock,
        logger,
      ),
      keepRunning(createRouter(this.#routing, this.#options.pollMs ?? defaults.pollMs), clock, logger),
    ];
    const [, router] = services;
    router?.hurry();
    // Makes the schedules visible as soon as the instance has started. If this fails, the first round repeats it.
    await this.#scheduler.putAll().catch(() => {});
    const timers = keepRunning(this.#timers(), clock, logger);
    this.#checkTimers = timers.hurry;
    timers.hurry();
    this.#stops.push(
      ...services.map((service) => service.stop),
      timers.stop,
      notifier.subscribe((hint) => {
        if (hint.unrouted) router?.hurry();
        if (hint.timers) timers.hurry();
      }),
    );
  }

  #timers(): Service<{ handled: number }> {
    return createTimers(
      this.store,
      this.#options.pollMs ?? defaults.pollMs,
      { schedule: (no, now) => this.#scheduler.fireDue(no, now), bulk: this.#continueBulk },
      () => this.#scheduler.putAll(),
    );
  }

  /**
   * `offending`: a run whose code made this process exit. Its lease is left to expire, so that the crash is counted.
   */
  async stop(graceMs: number = defaults.shutdownGraceMs, offending: number | null = null): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#rests.isStopped = true;
    await this.#worker.stop(graceMs, offending);
  }

  get activeCount(): number {
    return this.#worker.activeCount;
  }

  /** The number that the store gave to this process; 0 before it has joined. */
  get incarnation(): number {
    return this.#worker.incarnation;
  }

  /** Whether any step's work is in progress here. */
  get isBusy(): boolean {
    return this.#worker.isBusy;
  }

  /** Looks for ready work now, as a hint would. */
  wake(): void {
    this.#worker.wake();
  }

  /**
   * A promise that belongs to the code of this run, between its steps or in `step`, was rejected and nothing awaits it.
   * Fails the run, unless it is the error of an operation, which the code may still await. False: this process does not
   * hold the run any more, so nothing was done.
   */
  runRejected(run: LeasedRun, step: string | null, error: unknown, promise: unknown = null): boolean {
    return this.#worker.activationOf(run)?.rejected(step, error, promise) ?? false;
  }

  /** The code now awaits a promise that was reported by `runRejected`. */
  rejectionHandled(run: LeasedRun, promise: unknown): void {
    this.#worker.activationOf(run)?.rejectionHandled(promise);
  }

  // --- Starting ------------------------------------------------------------------------------------------------------

  /** Starts a run. When it returns, the run is on disk. */
  startRun(...args: Parameters<Starting["startRun"]>): Promise<Started> {
    return this.#starting.startRun(...args);
  }

  /** Starts several runs. If one input is invalid, none is started. */
  startRuns(...args: Parameters<Starting["startRuns"]>): Promise<Started[]> {
    return this.#starting.startRuns(...args);
  }

  /** A child's start, to be committed with its parent's advance. */
  prepareChild(...args: Parameters<Starting["prepareChild"]>): Promise<StartRun> {
    return this.#starting.prepareChild(...args);
  }

  /** A run of the version that new starts use, with the business key of the run that it continues. */
  prepareContinuation(run: LeasedRun, input: unknown): Promise<StartRun> {
    return this.#starting.prepareContinuation(run, input);
  }

  get cipher(): Cipher {
    return this.#options.cipher ?? noCipher;
  }

  /** Seals the whole input of a run that is about to start. */
  sealInput(run: string, input: string): string {
    return sealText(this.cipher, input, placeOf(run, "", "input"));
  }

  /** The step whose code is running, as far as this process can tell; null between steps. */
  stepAround(): string | null {
    return this.#options.stepAround?.() ?? null;
  }

  // --- Events --------------------------------------------------------------------------------------------------------

  /** Accepts an event. When it returns, the event and everything that it starts and wakes is on disk. */
  emit(input: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }> {
    return this.#intake.emit(input);
  }

  /** Routes a held event again. Its next tries run alone. Throws `not-found` or `not-held`. */
  retryEvent(no: number, by: { actor: string; why: string | null }): Promise<void> {
    return this.#routing.retry(no, by);
  }

  // --- Following -----------------------------------------------------------------------------------------------------

  /** Calls back once when the run ends here. Returns a function that cancels it. */
  whenEnded(no: number, call: (next: Next) => void): () => void {
    const calls = this.#endings.get(no) ?? new Set();
    this.#endings.set(no, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0) this.#endings.delete(no);
    };
  }

  /** Calls back whenever a hint reports that the run has changed, in any process. A hint may be lost. */
  whenMoved(no: number, call: () => void): () => void {
    const calls = this.#moves.get(no) ?? new Set();
    this.#moves.set(no, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0) this.#moves.delete(no);
    };
  }

  /** Calls back when the run has ended, in any process. May call again until it is cancelled. */
  whenAtRest(no: number, call: () => void): () => void {
    return this.#rests.add(no, call);
  }

  /** Stopping has begun: a store that does not answer now is closed. */
  get isStopped(): boolean {
    return this.#rests.isStopped;
  }

  #onHint(hint: Hint): void {
    this.#rests.onHint(hint);
    if (this.#moves.size === 0) return;
    for (const { no } of hint.changed ?? []) for (const call of [...(this.#moves.get(no) ?? [])]) call();
  }

  onEnd(call: (run: LeasedRun, next: Next) => void): () => void {
    this.#onEnd.add(call);
    return () => this.#onEnd.delete(call);
  }

  #ended(run: LeasedRun, next: Next): void {
    if (next.state !== "completed" && next.state !== "failed" && next.state !== "cancelled") return;
    const calls = this.#endings.get(run.no);
    if (calls !== undefined) {
      this.#endings.delete(run.no);
      for (const call of calls) call(next);
    }
    for (const call of this.#onEnd) call(run, next);
    if (this.#scheduler.hasBuffered) this.#fireBuffered(run.definition.name);
  }

  /** A lost answer does no harm: the timer is still set. */
  #fireBuffered(definition: string): void {
    this.#scheduler
      .runEnded(definition)
      .catch((error: unknown) =>
        this.#options.logger.log("debug", "a buffered scheduled time waits for its timer", { error: String(error) }),
      );
  }

  // --- Recovery ------------------------------------------------------------------------------------------------------

  /**
   * Carries out a recovery action, or with `dryRun` returns what it would do. Throws a `BatonError` with the reason if
   * it is not allowed.
   */
  intervene(...args: Parameters<Recovery["intervene"]>): Promise<{ preview: Preview; isHeld: boolean }> {
    return this.#recovery.intervene(...args);
  }

  /** What an action would do to the run in its current state, or why it is not allowed. */
  decide(run: RunDetail, request: VerbRequest): Promise<VerbDecision> {
    return this.#recovery.decide(run, request);
  }

  /**
   * Starts an action on many runs, carried out in the background and continued after restarts. The same id is the same
   * operation.
   */
  startBulk(...args: Parameters<Recovery["startBulk"]>): Promise<BulkRow> {
    return this.#recovery.startBulk(...args);
  }

  /** Stops a bulk operation. What it has done stays done. */
  stopBulk(...args: Parameters<Recovery["stopBulk"]>): Promise<BulkRow> {
    return this.#recovery.stopBulk(...args);
  }

  /**
   * Compensates a completed child for its parent, and waits until that has ended. Throws if the child's compensation
   * has failed.
   */
  compensateChild(...args: Parameters<Recovery["compensateChild"]>): Promise<void> {
    return this.#recovery.compensateChild(...args);
  }

  /** Reveals one sensitive value to a person. This is written to the audit log before the value is returned. */
  reveal(...args: Parameters<Recovery["reveal"]>): Promise<unknown> {
    return this.#recovery.reveal(...args);
  }

  /** A run's input in clear text, for callers that may see it. */
  clearInput(run: string, input: string | null): string | null {
    return this.#recovery.clearInput(run, input);
  }

  clearOutput(run: string, output: string | null): string | null {
    return this.#recovery.clearOutput(run, output);
  }

  /** Permanently removes ended runs and everything that belongs to them. */
  erase(what: EraseWhat, options: EraseOptions): Promise<Erasure> {
    const cancel = async (id: string, by: { actor: string; why: string | null }): Promise<void> => {
      await this.intervene(id, { verb: "cancel", actor: by.actor, why: by.why });
    };
    return erase({ store: this.store, clock: this.#options.clock, cancel }, what, options);
  }

  /** Imports an exported run into this store, as ended. Returns its id here. */
  import(fixture: RunFixture, by: { actor: string; why: string | null }): Promise<string> {
    return importRun(this.store, this.#options.random, fixture, { ...by, verb: "import" });
  }
}
