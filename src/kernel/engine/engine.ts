import { byteLength, decode, encode, UnencodableError } from "../../stdx/json.ts";
import { decideVerb, type Preview, type VerbDecision, type VerbRequest } from "../decide/verb.ts";
import type { BulkRequest, BulkRow } from "../model/bulk.ts";
import type { RunDetail } from "../model/detail.ts";
import { BatonError, type ErrorRecord } from "../model/errors.ts";
import type { RunFixture } from "../model/fixture.ts";
import type { Flow } from "../model/flow.ts";
import type { RecordedEntry } from "../model/journal.ts";
import { defaults } from "../model/limits.ts";
import type { DefinitionRef, LeasedRun, Origin } from "../model/run.ts";
import type { EventOutcome, Intervene, Next, StartRun } from "../model/transition.ts";
import { asNonRetryable } from "../model/user-errors.ts";
import { type Cipher, noCipher } from "../ports/cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { EventRow } from "../ports/queries.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { Attempt } from "./attempt.ts";
import { Doctor } from "./doctor.ts";
import { type EraseOptions, type EraseWhat, type Erasure, erase } from "./erase.ts";
import { importRun } from "./fixtures.ts";
import type { Found, Handler, Prepared, StartOptions } from "./handler.ts";
import { type Laws, laws } from "./laws.ts";
import { Schedules } from "./schedules.ts";
import { bulkHandler } from "./services/bulks.ts";
import { createRetention, type Retention } from "./services/retention.ts";
import { createRouter } from "./services/router.ts";
import { Firing } from "./services/schedules.ts";
import { keepRunning, type Service } from "./services/service.ts";
import { createTimers } from "./services/timers.ts";
import { openInput, openOutput, openText, placeOf, placeOfEvent, sealInput, sealText } from "./vault.ts";
import { Worker } from "./worker.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly notifier: Notifier;
  readonly logger: Logger;
  readonly name: string;
  readonly slots?: number;
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
  readonly laws?: Partial<Laws>;
  readonly within?: <T>(run: LeasedRun, key: string | null, attempt: Attempt | null, work: () => T) => T;
  /** The step that `within` has put around the code that asks; null between steps. */
  readonly stepAround?: () => string | null;
  /** Looks for the code of a version that is not registered, such as an older one that a run was started with. */
  readonly findHandler?: (definition: DefinitionRef) => Promise<Found>;
}

/** A run that was started, or the one that its idempotency key had started before. */
export interface Started {
  readonly no: number;
  readonly id: string;
  readonly isCreated: boolean;
}

export interface EventInput {
  readonly name: string;
  readonly data?: unknown;
  /** Unique for its source; a repeated one is answered and does nothing. */
  readonly id?: string;
  readonly source?: string;
  /** Its data is sealed before it is written; waits match it by what they named before it came. */
  readonly sensitive?: boolean;
}

/**
 * The kernel as one thing: definitions are registered, runs started, events taken in, verbs carried out. It owns the
 * worker and the background services of this process.
 */
export class Engine {
  readonly store: Store;
  readonly #options: EngineOptions;
  readonly #worker: Worker;
  readonly #handlers = new Map<string, Handler>();
  /** The versions that were chosen for new starts, by name; null: none may start. */
  readonly #used = new Map<string, number | null>();
  readonly #endings = new Map<number, Set<(next: Next) => void>>();
  readonly #onEnd = new Set<(run: LeasedRun, next: Next) => void>();
  readonly #stops: (() => void)[] = [];
  readonly #firing: Firing;
  readonly #carryOn: ReturnType<typeof bulkHandler>;
  readonly schedules: Schedules;
  readonly doctor: Doctor;
  /** Before the start there is nothing to hurry. */
  #lookAtTimers: () => void = () => {};

  constructor(options: EngineOptions) {
    this.#options = options;
    this.store = options.store;
    this.#firing = new Firing({
      store: options.store,
      clock: options.clock,
      logger: options.logger,
      handlerOf: (name) => (this.#used.get(name) === null ? null : (this.#chosen(name) ?? null)),
      startOf: (handler, prepared, origin) => this.#startOf(handler, prepared, origin),
    });
    this.doctor = new Doctor(options.store, options.random);
    this.schedules = new Schedules(options.store, options.random, this.#firing);
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
      slots: options.slots ?? defaults.slots,
      leaseMs: options.leaseMs ?? defaults.leaseMs,
      beatMs: options.beatMs ?? defaults.beatMs,
      pollMs: options.pollMs ?? defaults.pollMs,
      keepMs: options.keepMs ?? defaults.keepMs,
      showAfterMs: options.showAfterMs ?? defaults.showAfterMs,
      cancelGraceMs: options.cancelGraceMs ?? defaults.cancelGraceMs,
      laws: { ...laws, ...options.laws },
      cipher: options.cipher ?? noCipher,
      handlerOf: (run) => this.#handlers.get(keyOf(run.definition)) ?? null,
      findHandler: (run) => this.#options.findHandler?.(run.definition) ?? null,
      within: options.within ?? ((_run, _key, _attempt, work) => work()),
      ended: (run, next) => this.#ended(run, next),
    });
  }

  // --- Definitions ------------------------------------------------------------------------------------------------------

  /** Registers a version of a definition; the same version again replaces its code for runs that are leased from now on. */
  register(handler: Handler): void {
    this.#handlers.set(keyOf(handler.definition), handler);
    this.#firing.register(handler.definition.name);
    this.#lookAtTimers();
    this.#worker.wake();
  }

  unregister(definition: DefinitionRef): void {
    this.#handlers.delete(keyOf(definition));
    if (this.#chosen(definition.name) === undefined) this.#firing.forget(definition);
    else this.#firing.register(definition.name);
    this.#lookAtTimers();
  }

  get handlers(): readonly Handler[] {
    return [...this.#handlers.values()];
  }

  /** Chooses the version of a name that new starts get; null: it takes none. Without a choice it is the newest one. */
  use(name: string, version: number | null): void {
    this.#used.set(name, version);
    this.#firing.register(name);
    this.#lookAtTimers();
  }

  /** The code of one version, looked for when it is not registered. */
  async find(definition: DefinitionRef): Promise<Found> {
    const handler = this.#handlers.get(keyOf(definition));
    if (handler !== undefined) return { handler };
    return (await this.#options.findHandler?.(definition)) ?? { lack: "it is not registered here" };
  }

  /** The registered version of a name that new starts get; throws when there is none. */
  handlerOf(name: string): Handler {
    if (this.#used.get(name) === null) throw drained(name);
    const chosen = this.#chosen(name);
    if (chosen !== undefined) return chosen;
    const known = [...new Set(this.handlers.map((handler) => handler.definition.name))];
    if (known.includes(name)) {
      throw new BatonError(
        "unknown-definition",
        `the version of ${name} for new starts, ${this.#used.get(name)}, is not loaded here`,
        {
          hint: `baton versions ${name} says why`,
        },
      );
    }
    throw new BatonError("unknown-definition", `there is no workflow named ${JSON.stringify(name)}`, {
      hint: known.length === 0 ? "no definitions are loaded" : `known: ${known.join(", ")}`,
    });
  }

  /** Without a choice the newest. One that was chosen and is not registered is not replaced by another. */
  #chosen(name: string): Handler | undefined {
    const versions = this.handlers.filter((handler) => handler.definition.name === name);
    const used = this.#used.get(name);
    if (typeof used === "number") return versions.find((handler) => handler.definition.version === used);
    return versions.toSorted((a, b) => b.definition.version - a.definition.version)[0];
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
        createRouter(store, this.#options.pollMs ?? defaults.pollMs, (event) => this.#triggered(event)),
        clock,
        logger,
      ),
    ];
    const [, router] = services;
    router?.hurry();
    // So that whoever has started an instance finds its schedules; what fails here is done by the first round.
    await this.#firing.putAll().catch(() => {});
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
      { schedule: (no, now) => this.#firing.fireDue(no, now), bulk: this.#carryOn },
      () => this.#firing.putAll(),
    );
  }

  /** `guilty`: a run whose code has made this process end. Its lease is left to end unclean, so that it is charged. */
  async stop(graceMs: number = defaults.shutdownGraceMs, guilty: number | null = null): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
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
  async startRun(
    name: string,
    input: unknown,
    options: StartOptions,
    origin: Origin,
    audit?: StartRun["audit"],
  ): Promise<Started> {
    const handler = this.handlerOf(name);
    return this.#commitStart(handler, await handler.prepare(input, options), origin, audit);
  }

  /** Starts them together; one bad input, and none is started. */
  async startRuns(
    name: string,
    starts: readonly { input: unknown; options: StartOptions }[],
    origin: Origin,
  ): Promise<Started[]> {
    const handler = this.handlerOf(name);
    const prepared: Prepared[] = [];
    for (const { input, options } of starts) prepared.push(await handler.prepare(input, options));
    return Promise.all(prepared.map((each) => this.#commitStart(handler, each, origin)));
  }

  async #commitStart(
    handler: Handler,
    prepared: Prepared,
    origin: Origin,
    audit?: StartRun["audit"],
  ): Promise<Started> {
    const isDelayed = prepared.at !== undefined || prepared.delayMs !== undefined;
    const leaseTo = isDelayed ? null : this.#worker.reserve();
    const transition: StartRun = {
      ...this.#startOf(handler, prepared, origin),
      ...(audit === undefined ? {} : { audit }),
      ...(leaseTo === null ? {} : { leaseTo }),
    };
    let held: LeasedRun | null = null;
    let isUnsure = true;
    try {
      const outcome = await this.store.commit(transition);
      isUnsure = false;
      if (!outcome.ok && outcome.why === "rate-limited") throw rateLimited(prepared.definition.name, outcome);
      if (!outcome.ok) throw keyConflict(prepared.definition.name, prepared.idempotencyKey, outcome.id);
      if (outcome.isLeased) held = outcome.run;
      return { no: outcome.run.no, id: outcome.run.id, isCreated: outcome.isCreated };
    } finally {
      if (leaseTo !== null) this.#worker.settle(held, isUnsure);
    }
  }

  /** A child's start, to be committed with its parent's advance. */
  async prepareChild(name: string, input: unknown, options: StartOptions, origin: Origin): Promise<StartRun> {
    const handler = this.handlerOf(name);
    return this.#startOf(handler, await handler.prepare(input, options), origin);
  }

  /** A new run as its definition wants it: what of its input is sensitive is sealed for it. */
  #startOf(handler: Handler, prepared: Prepared, origin: Origin): StartRun {
    const id = this.#runId();
    const { sensitive } = handler;
    if (sensitive == null || prepared.input === null) return { kind: "start", id, origin, ...prepared };
    const input = sealInput(this.cipher, prepared.input, sensitive, id);
    return { kind: "start", id, origin, ...prepared, input };
  }

  get cipher(): Cipher {
    return this.#options.cipher ?? noCipher;
  }

  /** The whole input of a run that is about to start, sealed. */
  sealInput(run: string, input: string): string {
    return sealText(this.cipher, input, placeOf(run, "", "input"));
  }

  /** A run's own values in clear, for those who may have them: its code, its starter, and whoever reveals them. */
  clearInput(run: string, input: string | null): string | null {
    return input === null ? null : openInput(this.cipher, input, run).text;
  }

  clearOutput(run: string, output: string | null): string | null {
    return output === null ? null : openText(this.cipher, output, placeOf(run, "", "output"));
  }

  /** Shows one sensitive value to a person. That is an act: it is in the audit before it answers. */
  async reveal(
    id: string,
    what: { step: string } | "input" | "output",
    who: { actor: string; why: string | null },
  ): Promise<unknown> {
    const run = await this.store.query("run", { id });
    if (run === null) throw unknownRun(id);
    const of = typeof what === "string" ? what : `step ${what.step}`;
    await this.store.commit({
      kind: "audit",
      run: run.row.no,
      audit: { actor: who.actor, verb: "reveal", why: `${of}${who.why === null ? "" : `: ${who.why}`}` },
    });
    if (what === "input") return decode(this.clearInput(id, await wholeOf(this.store, run, "input", run.input)));
    if (what === "output") return decode(this.clearOutput(id, await wholeOf(this.store, run, "output", run.output)));
    return this.#revealStep(run, what.step);
  }

  async #revealStep(run: RunDetail, step: string): Promise<unknown> {
    const entry = (await this.#allEntries(run)).findLast((each) => each.key === step && each.kind !== "reopen");
    if (entry === undefined) {
      throw new BatonError("unknown-step", `run ${run.row.id} has no recorded step ${JSON.stringify(step)}`, {
        hint: "baton show lists its steps",
      });
    }
    const text = await wholeOf(this.store, run, `step:${entry.seq}`, entry.value);
    const { id } = run.row;
    if (entry.outcome === "ok") return decode(text === null ? null : openOutput(this.cipher, text, id, step));
    const record = JSON.parse(text ?? "{}") as ErrorRecord;
    return record.sealed === undefined
      ? record
      : JSON.parse(openText(this.cipher, record.sealed, placeOf(id, step, "error")));
  }

  /** A run of the version that new starts get, with the business key of the run that it goes on for. */
  async prepareContinuation(run: LeasedRun, input: unknown): Promise<StartRun> {
    const { name } = run.definition;
    const options = run.key === null ? {} : { key: run.key };
    const origin = { by: `run:${run.id}`, continues: run.id };
    const { flow, ...start } = await this.prepareChild(name, input, options, origin);
    // It is no new start: what limits starts has let it in already.
    const kept = flow === undefined ? undefined : keptFlow(flow);
    return kept === undefined ? start : { ...start, flow: kept };
  }

  /** Undoes a completed child for its parent, and waits for the end of that. Throws when the child's undoing has failed. */
  async compensateChild(parent: LeasedRun, key: string, signal: AbortSignal): Promise<void> {
    const id = await this.store.query("child", { parent: parent.no, key });
    if (id === null) return;
    while (!signal.aborted) {
      const child = await this.store.query("run", { id });
      if (child === null || child.row.reason?.code === "compensated" || child.row.status === "cancelled") return;
      if (child.row.status === "failed") {
        throw asNonRetryable(
          new BatonError("child-compensation", `child ${id} could not be undone`, {
            hint: `mend and resume it (baton why ${id}), then resume this run`,
          }),
        );
      }
      if (child.row.status === "completed") await this.store.commit(undoingOf(child, parent.id));
      await new Promise<void>((resolve) => this.#options.clock.after(childLookMs, resolve));
    }
  }

  /** The step whose own code asks, as far as this process can tell; null between steps. */
  stepAround(): string | null {
    return this.#options.stepAround?.() ?? null;
  }

  #runId(): string {
    return `run_${this.#options.random.uuid()}`;
  }

  // --- Events -----------------------------------------------------------------------------------------------------------

  /** Takes an event in; when it returns, the event and all that it starts and wakes are on disk. */
  async emit(input: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }> {
    const id = input.id ?? this.#options.random.uuid();
    checkEventText("name", input.name, defaults.nameMax);
    checkEventText("id", id, defaults.keyMax);
    checkEventText("source", input.source ?? "api", defaults.keyMax);
    const data = encodePayload(input.data, "data", defaults.payloadMax);
    const { starts, refused } = await this.#startsFor(input.name, data, `${input.source ?? "api"}/${id}`);
    const outcome: EventOutcome = await this.store.commit({
      kind: "event",
      event: { name: input.name, data, source: input.source ?? "api", id, ...this.#sealedData(input, id, data) },
      isRouted: true,
      starts,
      refused,
    });
    return { id, matched: outcome.matched, isDuplicate: outcome.isDuplicate };
  }

  #sealedData(input: EventInput, id: string, data: string | null): { sealed?: string } {
    if (input.sensitive !== true || data === null) return {};
    return { sealed: sealText(this.cipher, data, placeOfEvent(input.source ?? "api", id)) };
  }

  #triggered(event: EventRow): Promise<{ starts: readonly StartRun[]; refused: readonly string[] }> {
    return this.#startsFor(event.name, event.data, `${event.source}/${event.id}`);
  }

  /** Starts are unique for each definition and event; data that an input schema refuses is kept with the event. */
  async #startsFor(
    name: string,
    data: string | null,
    event: string,
  ): Promise<{ starts: readonly StartRun[]; refused: readonly string[] }> {
    const starts: StartRun[] = [];
    const refused: string[] = [];
    for (const handler of this.handlers.filter((each) => each.triggers.includes(name))) {
      if (this.#chosen(handler.definition.name) !== handler) continue;
      try {
        const prepared = await this.handlerOf(handler.definition.name).prepare(decode(data), {
          idempotencyKey: `event:${event}`.slice(0, defaults.keyMax),
        });
        starts.push(this.#startOf(handler, prepared, { by: "event", event }));
      } catch (error) {
        refused.push(`${handler.definition.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { starts, refused };
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
    if (this.#firing.hasBuffered) this.#fireBuffered(run.definition.name);
  }

  /** A lost answer is no harm: the timer is still there. */
  #fireBuffered(definition: string): void {
    this.#firing
      .runEnded(definition)
      .catch((error: unknown) =>
        this.#options.logger.log("debug", "a buffered nominal time waits for its timer", { error: String(error) }),
      );
  }

  // --- Recovery ---------------------------------------------------------------------------------------------------------

  /** Carries out a recovery verb, or with `dryRun` says what it would do. Throws a `BatonError` that says why it may not. */
  async intervene(
    id: string,
    request: VerbRequest,
    options: { dryRun?: boolean; bulk?: NonNullable<Intervene["bulk"]>; verb?: string } = {},
  ): Promise<{ preview: Preview; isHeld: boolean }> {
    const { dryRun = false, bulk, verb = request.verb } = options;
    for (let round = 0; round < verbRoundsMax; round++) {
      const run = await this.store.query("run", { id });
      if (run === null) throw unknownRun(id);
      const decision = await this.decide(run, request);
      if (!decision.ok)
        throw new BatonError(decision.code, decision.message, {
          hint: decision.hint,
          details: { status: run.row.status },
        });
      if (dryRun) return { preview: decision.preview, isHeld: run.isHeld };
      const { audit } = decision.transition;
      const act = { ...decision.transition, audit: { ...audit, verb }, ...(bulk === undefined ? {} : { bulk }) };
      const outcome = await this.store.commit(act);
      if (outcome.ok) return { preview: decision.preview, isHeld: outcome.isHeld };
    }
    throw new BatonError("conflict", `run ${id} kept changing while ${request.verb} was asked for`, {
      hint: "try again",
    });
  }

  /**
   * Asks a verb of many runs: they are chosen now, and it is carried out in the background, also over restarts. The same
   * id is the same act.
   */
  async startBulk(request: BulkRequest, who: { actor: string; why: string | null }, id?: string): Promise<BulkRow> {
    checkBulk(request);
    const outcome = await this.store.commit({
      kind: "bulk",
      act: "create",
      id: id ?? `bulk_${this.#options.random.uuid()}`,
      request,
      audit: { ...who, verb: request.verb },
    });
    const row = outcome.ok ? await this.store.query("bulk", { no: outcome.bulk }) : null;
    if (row === null) throw new BatonError("conflict", "the bulk act is gone already", { hint: "ask for it again" });
    return row;
  }

  /** Stops a bulk act: what it has done stays done. */
  async stopBulk(id: string, who: { actor: string; why: string | null }): Promise<BulkRow> {
    const row = await this.store.query("bulk", { id });
    if (row === null)
      throw new BatonError("not-found", `there is no bulk act ${id}`, { hint: "baton bulk lists them" });
    const detail = `stopped by ${who.actor}${who.why === null ? "" : `: ${who.why}`}`;
    const audit = { ...who, verb: "stop" };
    await this.store.commit({ kind: "bulk", act: "end", bulk: row.no, status: "stopped", detail, audit });
    return (await this.store.query("bulk", { id })) ?? row;
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

  /** What a verb would do to the run as it stands, or why it may not. */
  async decide(run: RunDetail, request: VerbRequest): Promise<VerbDecision> {
    return decideVerb(run, await this.#allEntries(run), this.#sealedRequest(run.row.id, request));
  }

  /** What a person supplies for a step may be sensitive, and nobody here knows: with a key it is kept sealed. */
  #sealedRequest(run: string, request: VerbRequest): VerbRequest {
    const { step, output } = request;
    if (step === undefined || output === undefined || this.cipher.keyId === null) return request;
    return { ...request, output: sealText(this.cipher, output, placeOf(run, step, "supplied")) };
  }

  async #allEntries(run: RunDetail): Promise<readonly RecordedEntry[]> {
    const entries = [...run.entries];
    while (entries.length < run.entryCount) {
      const page = await this.store.query("steps", { run: run.row.no, after: entries.at(-1)?.seq ?? 0, limit: 1_000 });
      if (page.length === 0) break;
      entries.push(...page);
    }
    return entries;
  }
}

/** A verb is decided anew when the run has moved meanwhile; a run that never stands still is told as a conflict. */
const verbRoundsMax = 5;

function keyOf(definition: DefinitionRef): string {
  return `${definition.kind} ${definition.name} ${definition.version}`;
}

/** Between looks at a child that is being undone. */
const childLookMs = 100;

function undoingOf(child: RunDetail, parent: string): Intervene {
  const reason = { code: "by-person", by: `run:${parent}`, why: "its parent is compensated" } as const;
  return {
    kind: "intervene",
    run: child.row.no,
    seen: child.mark,
    idle: { to: "compensating", compensation: { end: "cancelled", reason } },
    held: null,
    audit: { actor: `run:${parent}`, verb: "compensate", why: reason.why },
  };
}

/** Slots, singleton and deadline hold for every part of a continued run. */
function keptFlow({ slots, singleton, deadlineMs }: Flow): Flow {
  return {
    ...(slots === undefined ? {} : { slots }),
    ...(singleton === undefined ? {} : { singleton }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}

function checkBulk({ canary, ratePerS }: BulkRequest): void {
  const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= defaults.bulkMax;
  if (!canary.every(isCount) || canary.length > canariesMax)
    throw new BatonError("invalid-option", `canary is up to ${canariesMax} whole numbers of 1 or more`);
  if (ratePerS !== null && !(ratePerS > 0 && Number.isFinite(ratePerS)))
    throw new BatonError("invalid-option", "rate is a number above 0 of runs a second");
}

const canariesMax = 10;

/** The whole text of a slot whose column is known. */
async function wholeOf(store: Store, run: RunDetail, slot: string, stored: string | null): Promise<string | null> {
  return stored?.startsWith("@") ? store.query("payload", { run: run.row.no, slot }) : stored;
}

function drained(name: string): BatonError {
  return new BatonError("drained", `${name} takes no new starts: each of its versions is drained`, {
    hint: `choose a version for them: baton versions ${name} --use <version>`,
  });
}

export function unknownRun(id: string): BatonError {
  return new BatonError("not-found", `there is no run ${id}`, {
    hint: "baton runs lists them; retention may have removed it",
  });
}

function rateLimited(name: string, { key, retryInMs }: { key: string; retryInMs: number }): BatonError {
  return new BatonError("rate-limited", `${name} takes no more starts of ${JSON.stringify(key)} now`, {
    hint: `try again in ${Math.ceil(retryInMs / 1_000)} s, or use throttle instead of rateLimit to have starts wait`,
    details: { key, retryInMs },
  });
}

function keyConflict(name: string, key: string | null, id: string): BatonError {
  return new BatonError(
    "key-conflict",
    `the idempotency key ${JSON.stringify(key)} has started ${name} with another input`,
    {
      hint: `run ${id} has it; use a new key for a new input`,
      details: { run: id },
    },
  );
}

/** Also of callers without types: whatever else is kept here would be found by nobody. */
function checkEventText(field: string, value: unknown, max: number): void {
  if (typeof value === "string" && value !== "" && value.length <= max && value.isWellFormed()) return;
  throw new BatonError("invalid-event", `an event's ${field} is text of 1 to ${max} characters`);
}

/** JSON text of something that came from outside; refused with the path of the place. */
export function encodePayload(value: unknown, root: string, bytesMax: number): string | null {
  let text: string | null;
  try {
    text = encode(value);
  } catch (error) {
    if (!(error instanceof UnencodableError)) throw error;
    throw new BatonError("unencodable", `${root}${error.path} ${error.problem}`, {
      hint: "pass plain JSON values",
      details: { path: `${root}${error.path}` },
    });
  }
  if (text !== null && byteLength(text, bytesMax) > bytesMax) {
    throw new BatonError("limit", `${root} has ${byteLength(text)} bytes, the limit is ${bytesMax}`, {
      hint: "keep large data elsewhere and pass a reference, or raise payloadMax of the workflow",
      details: { bytes: byteLength(text), limit: bytesMax },
    });
  }
  return text;
}
