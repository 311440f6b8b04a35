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
  /** Of Baton, as the list of workers shows it. */
  readonly version?: string;
  /** The queues that this worker serves; all when it is left out. */
  readonly queues?: readonly string[];
  readonly heldMax?: number;
  readonly leaseMs?: number;
  readonly beatMs?: number;
  readonly pollMs?: number;
  readonly sweepMs?: number;
  readonly keepMs?: number;
  readonly showAfterMs?: number;
  readonly cancelGraceMs?: number;
  readonly retention?: Partial<Retention>;
  /** For sensitive values; without one they are refused. */
  readonly cipher?: Cipher;
  /** What only the simulator takes away. */
  readonly safeguards?: Partial<EngineSafeguards>;
  readonly within?: <T>(run: LeasedRun, key: string | null, attempt: Attempt | null, work: () => T) => T;
  /** The step that `within` has put around the code that asks; null between steps. */
  readonly stepAround?: () => string | null;
  /** Looks for the code of a version that is not registered, such as an older one that a run was started with. */
  readonly findHandler?: (definition: DefinitionRef) => Promise<Found>;
}

/**
 * The kernel as one thing: definitions are registered, runs started, events taken in, verbs carried out. It owns the
 * worker and the background services of this process.
 */
export class Engine {
  readonly store: Store;
  readonly #options: EngineOptions;
  readonly #worker: Worker;
  readonly #definitions = new Definitions();
  readonly #starting: Starting;
  readonly #intake: Intake;
  readonly #recovery: Recovery;
  readonly #endings = new Map<number, Set<(next: Next) => void>>();
  readonly #moves = new Map<number, Set<() => void>>();
  readonly #rests: Rests;
  readonly #onEnd = new Set<(run: LeasedRun, next: Next) => void>();
  readonly #stops: (() => void)[] = [];
  readonly #scheduler: Scheduler;
  readonly #carryOn: ReturnType<typeof bulkHandler>;
  readonly schedules: Schedules;
  readonly doctor: Doctor;
  /** Before the start there is nothing to hurry. */
  #lookAtTimers: () => void = () => {};

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
    this.#carryOn = bulkHandler({
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
      showAfterMs: options.showAfterMs ?? defaults.showAfterMs,
      cancelGraceMs: options.cancelGraceMs ?? defaults.cancelGraceMs,
      safeguards: { ...safeguards, ...options.safeguards },
      cipher: options.cipher ?? noCipher,
      handlerOf: (run) => this.#definitions.get(run.definition),
      findHandler: (run) => this.#options.findHandler?.(run.definition) ?? null,
      within: options.within ?? ((_run, _key, _attempt, work) => work()),
      ended: (run, next) => this.#ended(run, next),
    });
    options.notifier.subscribe((hint) => this.#told(hint));
    this.#rests = new Rests(options.store, options.clock);
    const { store, clock, random } = options;
    const { cipher } = this;
    this.#recovery = new Recovery({ store, clock, random, cipher });
    const handlerOf = (name: string): Handler => this.#definitions.handlerOf(name);
    this.#starting = new Starting({ store, worker: this.#worker, random, cipher, handlerOf });
    this.#intake = new Intake({
      store,
      random,
      cipher,
      definitions: this.#definitions,
      startOf: (handler, prepared, origin) => this.#starting.startOf(handler, prepared, origin),
    });
  }

  // --- Definitions ------------------------------------------------------------------------------------------------------

  /** Registers a version of a definition; the same version again replaces its code for runs that are leased from now on. */
  register(handler: Handler): void {
    this.#definitions.add(handler);
    this.#scheduler.register(handler.definition.name);
    this.#lookAtTimers();
    this.#worker.wake();
  }

  unregister(definition: DefinitionRef): void {
    this.#definitions.remove(definition);
    if (this.#definitions.chosen(definition.name) === undefined) this.#scheduler.forget(definition);
    else this.#scheduler.register(definition.name);
    this.#lookAtTimers();
  }

  get handlers(): readonly Handler[] {
    return this.#definitions.all;
  }

  /** Chooses the version of a name that new starts get; null: it takes none. Without a choice it is the newest one. */
  use(name: string, version: number | null): void {
    this.#definitions.use(name, version);
    this.#scheduler.register(name);
    this.#lookAtTimers();
  }

  /** The version of a name that new starts get here; null when they get none. */
  versionForNewStarts(name: string): number | null {
    return this.#definitions.forNewStarts(name)?.definition.version ?? null;
  }

  /** The code of one version, looked for when it is not registered. */
  async find(definition: DefinitionRef): Promise<Found> {
    const handler = this.#definitions.get(definition);
    if (handler !== null) return { handler };
    return (await this.#options.findHandler?.(definition)) ?? { lack: "it is not registered here" };
  }

  /** The registered version of a name that new starts get; throws when there is none. */
  handlerOf(name: string): Handler {
    return this.#definitions.handlerOf(name);
  }

  // --- Life -------------------------------------------------------------------------------------------------------------

  async start(): Promise<void> {
    const { store, clock, logger, notifier, retention } = this.#options;
    await this.#worker.start();
    const services = [
      keepRunning(
        createRetention(store, { ...defaults.retention, ...retention }, this.#options.sweepMs),
        clock,
        logger,
      ),
      keepRunning(
        createRouter(store, this.#options.pollMs ?? defaults.pollMs, (event) => this.#intake.triggered(event)),
        clock,
        logger,
      ),
    ];
    const [, router] = services;
    router?.hurry();
    // So that whoever has started an instance finds its schedules; what fails here is done by the first round.
    await this.#scheduler.putAll().catch(() => {});
    const timers = keepRunning(this.#timers(), clock, logger);
    this.#lookAtTimers = timers.hurry;
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
      { schedule: (no, now) => this.#scheduler.fireDue(no, now), bulk: this.#carryOn },
      () => this.#scheduler.putAll(),
    );
  }

  /** `guilty`: a run whose code has made this process end. Its lease is left to end unclean, so that it is charged. */
  async stop(graceMs: number = defaults.shutdownGraceMs, guilty: number | null = null): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#rests.isStopped = true;
    await this.#worker.stop(graceMs, guilty);
  }

  get activeCount(): number {
    return this.#worker.activeCount;
  }

  /** This process as the store knows it; 0 before it has joined. */
  get incarnation(): number {
    return this.#worker.incarnation;
  }

  /** Whether any step's own work is under way here. */
  get isBusy(): boolean {
    return this.#worker.isBusy;
  }

  /** Looks for ready work now; what hints do by themselves. */
  wake(): void {
    this.#worker.wake();
  }

  // --- Starting ---------------------------------------------------------------------------------------------------------

  /** Starts a run; when it returns, the run is on disk. */
  startRun(...args: Parameters<Starting["startRun"]>): Promise<Started> {
    return this.#starting.startRun(...args);
  }

  /** Starts them together; one bad input, and none is started. */
  startRuns(...args: Parameters<Starting["startRuns"]>): Promise<Started[]> {
    return this.#starting.startRuns(...args);
  }

  /** A child's start, to be committed with its parent's advance. */
  prepareChild(...args: Parameters<Starting["prepareChild"]>): Promise<StartRun> {
    return this.#starting.prepareChild(...args);
  }

  /** A run of the version that new starts get, with the business key of the run that it goes on for. */
  prepareContinuation(run: LeasedRun, input: unknown): Promise<StartRun> {
    return this.#starting.prepareContinuation(run, input);
  }

  get cipher(): Cipher {
    return this.#options.cipher ?? noCipher;
  }

  /** The whole input of a run that is about to start, sealed. */
  sealInput(run: string, input: string): string {
    return sealText(this.cipher, input, placeOf(run, "", "input"));
  }

  /** The step whose own code asks, as far as this process can tell; null between steps. */
  stepAround(): string | null {
    return this.#options.stepAround?.() ?? null;
  }

  // --- Events -----------------------------------------------------------------------------------------------------------

  /** Takes an event in; when it returns, the event and all that it starts and wakes are on disk. */
  emit(input: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }> {
    return this.#intake.emit(input);
  }

  // --- Following --------------------------------------------------------------------------------------------------------

  /** Calls back once when the run comes to rest here; returns how to call it off. */
  whenEnded(no: number, call: (next: Next) => void): () => void {
    const calls = this.#endings.get(no) ?? new Set();
    this.#endings.set(no, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0) this.#endings.delete(no);
    };
  }

  /** Calls back whenever a hint says that the run has moved, wherever that was. A hint may be lost. */
  whenMoved(no: number, call: () => void): () => void {
    const calls = this.#moves.get(no) ?? new Set();
    this.#moves.set(no, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0) this.#moves.delete(no);
    };
  }

  /** Calls back when the run is found at rest, wherever it ended; may call again until it is called off. */
  whenAtRest(no: number, call: () => void): () => void {
    return this.#rests.add(no, call);
  }

  /** It was told to stop: a store that does not answer now is closed. */
  get isStopped(): boolean {
    return this.#rests.isStopped;
  }

  #told(hint: Hint): void {
    this.#rests.told(hint);
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

  /** A lost answer is no harm: the timer is still there. */
  #fireBuffered(definition: string): void {
    this.#scheduler
      .runEnded(definition)
      .catch((error: unknown) =>
        this.#options.logger.log("debug", "a buffered scheduled time waits for its timer", { error: String(error) }),
      );
  }

  // --- Recovery ---------------------------------------------------------------------------------------------------------

  /** Carries out a recovery verb, or with `dryRun` says what it would do. Throws a `BatonError` that says why it may not. */
  intervene(...args: Parameters<Recovery["intervene"]>): Promise<{ preview: Preview; isHeld: boolean }> {
    return this.#recovery.intervene(...args);
  }

  /** What a verb would do to the run as it stands, or why it may not. */
  decide(run: RunDetail, request: VerbRequest): Promise<VerbDecision> {
    return this.#recovery.decide(run, request);
  }

  /** Asks a verb of many runs, carried out in the background, also over restarts. The same id is the same act. */
  startBulk(...args: Parameters<Recovery["startBulk"]>): Promise<BulkRow> {
    return this.#recovery.startBulk(...args);
  }

  /** Stops a bulk act: what it has done stays done. */
  stopBulk(...args: Parameters<Recovery["stopBulk"]>): Promise<BulkRow> {
    return this.#recovery.stopBulk(...args);
  }

  /** Undoes a completed child for its parent, and waits for the end of that. Throws when the child's undoing has failed. */
  compensateChild(...args: Parameters<Recovery["compensateChild"]>): Promise<void> {
    return this.#recovery.compensateChild(...args);
  }

  /** Shows one sensitive value to a person. That is an act: it is in the audit before it answers. */
  reveal(...args: Parameters<Recovery["reveal"]>): Promise<unknown> {
    return this.#recovery.reveal(...args);
  }

  /** A run's own input in clear, for those who may have it. */
  clearInput(run: string, input: string | null): string | null {
    return this.#recovery.clearInput(run, input);
  }

  clearOutput(run: string, output: string | null): string | null {
    return this.#recovery.clearOutput(run, output);
  }

  /** Removes runs at rest for good, with everything of them. */
  erase(what: EraseWhat, options: EraseOptions): Promise<Erasure> {
    const cancel = async (id: string, by: { actor: string; why: string | null }): Promise<void> => {
      await this.intervene(id, { verb: "cancel", actor: by.actor, why: by.why });
    };
    return erase({ store: this.store, clock: this.#options.clock, cancel }, what, options);
  }

  /** Puts an exported run into this store, at rest; returns its id here. */
  import(fixture: RunFixture, by: { actor: string; why: string | null }): Promise<string> {
    return importRun(this.store, this.#options.random, fixture, { ...by, verb: "import" });
  }
}
