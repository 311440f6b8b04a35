import { hostname, userInfo } from "node:os";
import type { Examination } from "../kernel/engine/doctor.ts";
import { Engine } from "../kernel/engine/engine.ts";
import type { Erasure } from "../kernel/engine/erase.ts";
import type { Found, StartOptions } from "../kernel/engine/handler.ts";
import type { EventInput } from "../kernel/engine/intake.ts";
import { unknownRun } from "../kernel/engine/recovery.ts";
import type { LoneEvaluator } from "../kernel/engine/routing.ts";
import type { HostFacts } from "../kernel/model/doctor.ts";
import { BatonError, type ErrorRecord } from "../kernel/model/errors.ts";
import type { RunFixture } from "../kernel/model/fixture.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { DefinitionRef, RunRow } from "../kernel/model/run.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import type { Notifier } from "../kernel/ports/notifier.ts";
import type { Queries } from "../kernel/ports/queries.ts";
import type { Random } from "../kernel/ports/random.ts";
import type { Store } from "../kernel/ports/store.ts";
import { parseDuration } from "../stdx/duration.ts";
import { isWorkflow, type Workflow } from "../workflows/definition.ts";
import { workflowHandler } from "../workflows/handler.ts";
import { type Bulks, openBulks } from "./bulk.ts";
import { type Care, type DoctorOptions, type EraseRequest, openCare } from "./care.ts";
import { createCipher, readSensitiveKeys } from "./cipher.ts";
import type { BatonConfig, Definition } from "./config.ts";
import { readOffload, readQueues } from "./config-values.ts";
import { currentRun, outside, within } from "./current-run.ts";
import { type Handle, RunHandle, type VerbOptions } from "./handle.ts";
import { type Intervals, openStore } from "./open-store.ts";
import { LocalNotifier, silentLogger, systemClock, systemRandom } from "./platform.ts";
import { type ScheduleControl, scheduleControl } from "./schedules.ts";
import { defaultStore, readStoreAddress } from "./store-address.ts";
import { batonVersion } from "./version.ts";

/** A run that has used up its retries and needs a person. */
export interface DeadLetter {
  readonly run: string;
  readonly name: string;
  readonly key: string | null;
  readonly step: string | null;
  readonly error: ErrorRecord;
  readonly fingerprint: string;
}

/** An event that starts nothing until it is routed again, because none of its routing tries had a result. */
export interface HeldEvent {
  /** Its number in the store. */
  readonly event: number;
  readonly name: string;
  readonly source: string;
  readonly id: string;
  readonly tries: number;
  /** How the last try ended. */
  readonly tryError: string | null;
  readonly receivedAt: Date;
}

/** An open store and the engine that works on it. */
export interface Baton {
  /** Starts a run. When the promise resolves, the run is durable: it continues by itself, also after a crash. */
  start(name: string, input?: unknown, options?: StartOptions): Promise<Handle>;
  // The typed overload comes last because TypeScript reports the error of the last overload.
  start<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options?: StartOptions,
  ): Promise<Handle<Output>>;
  /**
   * Starts up to 10,000 runs in one call. If one input is invalid, none is started. Otherwise each start is durable on
   * its own: if some are refused, by a limit for example, this throws with code `partly-started` after the others have
   * been started. Its `details.runs` has their ids by place, its `details.refused` the reasons of the rest.
   */
  startMany<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    starts: readonly ({ input: RawInput } & StartOptions)[],
  ): Promise<Handle<Output>[]>;
  /** Returns a handle on the run with this ID. Throws with code `not-found`. */
  get<Output = unknown>(id: string): Promise<Handle<Output>>;
  emit(event: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }>;
  /** Held events, newest first: those whose evaluation ended or blocked its process three times. At most 200. */
  heldEvents(): Promise<readonly HeldEvent[]>;
  /** Routes a held event again. `event` is its number. Throws `not-found` or `not-held`. */
  retryEvent(event: number, options?: VerbOptions): Promise<void>;
  runs(filter?: { name?: string; status?: RunRow["status"]; key?: string; limit?: number }): Promise<readonly RunRow[]>;
  /** Calls `call` for each run that fails in this process. Returns a function that unsubscribes. */
  onDeadLetter(call: (letter: DeadLetter) => void): () => void;
  /** Schedules: cron, interval and one-time starts. */
  readonly schedules: ScheduleControl;
  /** Recovery actions on many runs at once. */
  readonly bulks: Bulks;
  /** Checks the store and its machine. With `repair` it also fixes what can be fixed. */
  doctor(options?: DoctorOptions): Promise<Examination>;
  /** Permanently removes ended runs and all of their data, by ID or by business key. */
  erase(what: EraseRequest): Promise<Erasure>;
  /** Exports a run with its whole history, to be kept as a file and replayed in a test. */
  export(id: string): Promise<RunFixture>;
  /** Imports an exported run into this store as an ended run. */
  import(fixture: unknown, options?: VerbOptions): Promise<Handle>;
  /** Adds or replaces a definition. */
  register(definition: Definition): void;
  /** Stops taking runs, lets running steps end, hands the remaining runs back and closes the store. */
  close(options?: { graceMs?: number }): Promise<void>;
  readonly engine: Engine;
}

export { type CurrentRun, currentRun } from "./current-run.ts";

/** Ports and settings that only tests replace. */
export interface InstanceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly notifier: Notifier;
  readonly logger: Logger;
  readonly intervals: Intervals;
  /** Facts about the machine for the doctor. Without it the doctor has none. */
  readonly hostFacts?: () => HostFacts;
  readonly name?: string;
  /** Evaluates events in a process of its own. */
  readonly loneEvaluator?: LoneEvaluator;
  /** How to find versions that are not registered, and which version new starts get, by name. */
  readonly versions?: {
    find(definition: DefinitionRef): Promise<Found>;
    readonly used: ReadonlyMap<string, number | null>;
  };
}

export interface OpenOptions extends BatonConfig {
  logger?: Logger;
}

/** Opens a store and starts to work on it. Throws a `StoreError` that names the process that has the file open. */
export async function openBaton(options: OpenOptions = {}): Promise<Baton> {
  const notifier = new LocalNotifier();
  const address = readStoreAddress(options.store ?? defaultStore);
  const offloadOver = readOffload(options.offload?.over ?? defaults.offloadOver);
  const { store, intervals, hostFacts } = await openStore(address, notifier, { offloadOver });
  const parts: InstanceOptions = {
    store,
    notifier,
    clock: systemClock,
    random: systemRandom,
    logger: options.logger ?? silentLogger,
    intervals,
    ...(hostFacts === null ? {} : { hostFacts }),
  };
  try {
    return await assemble(options, parts);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Assembles an instance from its parts. */
export async function assemble(config: BatonConfig, parts: InstanceOptions): Promise<Baton> {
  const { retention } = config;
  const logger = sturdy(parts.logger);
  const engine = new Engine({
    ...parts,
    logger,
    ...parts.intervals,
    name: parts.name ?? `${hostname()}:${process.pid}`,
    version: batonVersion(),
    ...(config.queues === undefined ? {} : { queues: readQueues(config.queues) }),
    heldMax: config.slots ?? defaults.heldMax,
    cipher: createCipher(readSensitiveKeys(config.sensitiveKey)),
    retention: {
      ...(retention?.completed === undefined ? {} : { completedMs: parseDuration(retention.completed) }),
      ...(retention?.failed === undefined ? {} : { failedMs: parseDuration(retention.failed) }),
      ...(retention?.cancelled === undefined ? {} : { cancelledMs: parseDuration(retention.cancelled) }),
      ...(retention?.events === undefined ? {} : { eventMs: parseDuration(retention.events) }),
    },
    ...(config.routing?.limit === undefined ? {} : { routingLimitMs: parseDuration(config.routing.limit) }),
    within: (run, step, attempt, work) => within({ run, step, attempt }, work),
    stepAround: () => currentRun()?.step ?? null,
    ...(parts.versions === undefined ? {} : { findHandler: parts.versions.find }),
  });
  const baton = new OpenBaton(
    engine,
    config.shutdownGrace === undefined ? defaults.shutdownGraceMs : parseDuration(config.shutdownGrace),
    logger,
    parts.hostFacts ?? null,
  );
  for (const definition of config.definitions ?? []) baton.register(definition);
  for (const [name, version] of parts.versions?.used ?? []) engine.use(name, version);
  await engine.start();
  return baton;
}

class OpenBaton implements Baton {
  readonly engine: Engine;
  readonly schedules: ScheduleControl;
  readonly bulks: Bulks;
  readonly #graceMs: number;
  readonly #logger: Logger;
  readonly #actor = localActor();
  readonly #care: Care;
  #closing: Promise<void> | null = null;

  constructor(engine: Engine, graceMs: number, logger: Logger, hostFacts: (() => HostFacts) | null) {
    this.engine = engine;
    this.schedules = scheduleControl(engine, this.#actor);
    this.#logger = logger;
    this.#graceMs = graceMs;
    this.bulks = openBulks(engine, this.#actor);
    this.#care = openCare(engine, this.#actor, hostFacts);
  }

  async start(definition: string | Definition, input?: unknown, options: StartOptions = {}): Promise<Handle<never>> {
    const name = typeof definition === "string" ? definition : definition.name;
    const { no, id, isCreated } = await this.engine.startRun(name, input, options, { by: this.#actor });
    return new RunHandle(this.engine, { no, id, isNew: isCreated }, this.#actor);
  }

  async startMany<Output>(
    definition: Definition,
    starts: readonly ({ input: unknown } & StartOptions)[],
  ): Promise<Handle<Output>[]> {
    if (starts.length > defaults.startManyMax)
      throw new BatonError("limit", `startMany accepts up to ${defaults.startManyMax} runs per call`);
    const requests = starts.map(({ input, ...options }) => ({ input, options }));
    const started = await this.engine.startRuns(definition.name, requests, { by: this.#actor });
    return started.map(
      ({ no, id, isCreated }) => new RunHandle(this.engine, { no, id, isNew: isCreated }, this.#actor),
    );
  }

  async get<Output>(id: string): Promise<Handle<Output>> {
    const detail = await this.engine.store.query("run", { id });
    if (detail === null) throw unknownRun(id);
    return new RunHandle(this.engine, { no: detail.row.no, id: detail.row.id, isNew: false }, this.#actor);
  }

  emit(event: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }> {
    return this.engine.emit(event);
  }

  async heldEvents(): Promise<readonly HeldEvent[]> {
    const rows = await this.engine.store.query("heldEvents", { name: null, before: null, limit: defaults.pageMax });
    return rows.map(({ no, name, source, id, tries, tryError, at }) => {
      return { event: no, name, source, id, tries, tryError, receivedAt: new Date(at) };
    });
  }

  retryEvent(event: number, options: VerbOptions = {}): Promise<void> {
    return this.engine.retryEvent(event, { actor: options.actor ?? this.#actor, why: options.why ?? null });
  }

  async runs(
    filter: { name?: string; status?: RunRow["status"]; key?: string; limit?: number } = {},
  ): Promise<readonly RunRow[]> {
    const { limit = 50 } = filter;
    if (!(Number.isInteger(limit) && limit > 0))
      throw new BatonError("invalid-option", `limit must be a whole number of 1 or more, not ${limit}`);
    const params: Queries["runs"]["params"] = {
      before: null,
      limit: Math.min(limit, defaults.pageMax),
      ...(filter.name === undefined ? {} : { definition: filter.name }),
      ...(filter.status === undefined ? {} : { status: filter.status }),
      ...(filter.key === undefined ? {} : { key: filter.key }),
    };
    return this.engine.store.query("runs", params);
  }

  onDeadLetter(call: (letter: DeadLetter) => void): () => void {
    return this.engine.onEnd((run, next) => {
      if (next.state !== "failed") return;
      const { error, fingerprint, step } = next;
      const letter = { run: run.id, name: run.definition.name, key: run.key, step, error, fingerprint };
      // A listener is not part of the run: its errors must not reach the run or crash the process.
      outside(async () => call(letter)).catch((failure: unknown) =>
        this.#logger.log("error", "a listener for dead letters failed", { run: run.id, error: String(failure) }),
      );
    });
  }

  doctor(options?: DoctorOptions): Promise<Examination> {
    return this.#care.doctor(options);
  }

  erase(what: EraseRequest): Promise<Erasure> {
    return this.#care.erase(what);
  }

  export(id: string): Promise<RunFixture> {
    return this.#care.export(id);
  }

  import(fixture: unknown, options?: VerbOptions): Promise<Handle> {
    return this.#care.import(fixture, options);
  }

  register(definition: Definition): void {
    if (!isWorkflow(definition))
      throw new BatonError("invalid-option", "definitions must be values returned by workflow()", {
        hint: "check the list of definitions",
      });
    this.engine.register(workflowHandler(definition, this.engine));
  }

  close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.engine.stop(options.graceMs ?? this.#graceMs).then(() => this.engine.store.close());
    return this.#closing;
  }
}

/** A logger is user code: an error that it throws must not stop the operation that logs. */
function sturdy(logger: Logger): Logger {
  return {
    log: (level, message, fields) => {
      try {
        logger.log(level, message, fields);
      } catch {
        // The logger itself failed, so there is nowhere to report this.
      }
    },
  };
}

/** The actor to record until there are accounts. */
export function localActor(): string {
  try {
    return `local:${userInfo().username}`;
  } catch {
    // A container may run under a user without a name.
    return "local:unknown";
  }
}
