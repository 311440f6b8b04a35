import { assemble, type Baton } from "../app/baton.ts";
import type { BatonConfig, Definition } from "../app/config.ts";
import { RunFailedError } from "../app/handle.ts";
import { LocalNotifier, silentLogger } from "../app/platform.ts";
import { replayFixture } from "../app/replay-fixture.ts";
import type { VerbRequest } from "../kernel/decide/verb.ts";
import { readFixture } from "../kernel/engine/fixtures.ts";
import type { StartOptions } from "../kernel/engine/handler.ts";
import type { EventInput } from "../kernel/engine/intake.ts";
import { encodePayload } from "../kernel/engine/payload.ts";
import { unknownRun } from "../kernel/engine/recovery.ts";
import type { Verdict } from "../kernel/engine/rehearsal.ts";
import type { RunDetail } from "../kernel/model/detail.ts";
import { BatonError } from "../kernel/model/errors.ts";
import type { RunFixture } from "../kernel/model/fixture.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { RunStatus } from "../kernel/model/status.ts";
import { type Duration, parseDuration } from "../stdx/duration.ts";
import { decode } from "../stdx/json.ts";
import { parseTimestamp, type Timestamp, timestampHint } from "../stdx/timestamp.ts";
import { type Intercept, InterceptedStore } from "../stores/intercepted.ts";
import { MemoryStore, openMemoryCore } from "../stores/sqlite/memory-store.ts";
import type { Workflow } from "../workflows/definition.ts";
import { TestClock } from "./test-clock.ts";

export interface TestOptions extends Omit<BatonConfig, "store" | "port" | "folder"> {
  /** The initial time of the clock. Default 2026-01-01T00:00:00Z. */
  startAt?: Timestamp;
}

/** A run of a test instance. Like the run, it survives crashes of the instance. */
export interface TestHandle<T = unknown> {
  readonly id: string;
  /** Returns the output. Moves the clock to whatever the run waits for, by at most `within` (default 30 days). */
  result(options?: { within?: Duration }): Promise<T>;
  status(): Promise<RunStatus>;
  detail(): Promise<RunDetail>;
  resume(): Promise<void>;
  cancel(options?: { compensate?: boolean }): Promise<void>;
  suspend(options?: { stopClocks?: boolean }): Promise<void>;
  retry(): Promise<void>;
  restart(step: string): Promise<void>;
  completeStep(options: { step?: string; output: unknown }): Promise<void>;
  compensate(): Promise<void>;
  dismiss(): Promise<void>;
}

/** An instance in memory, with a clock that the test moves and a process that the test can crash. */
export interface TestBaton {
  readonly clock: TestClock;
  /** The current instance; a new one after each crash. */
  readonly baton: Baton;
  /** Number of store operations so far, as counted by `crashAt`. */
  readonly operations: number;
  readonly crashes: number;
  start<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options?: StartOptions,
  ): Promise<TestHandle<Output>>;
  emit(event: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }>;
  /** Imports a run written by `baton export`, as ended. A run that had failed can be resumed. */
  load<T = unknown>(fixture: unknown): Promise<TestHandle<T>>;
  /** Replays an exported run against a definition, without running a step: compatible, or the first difference. */
  replay(fixture: unknown, definition: Definition): Promise<Verdict>;
  register(definition: Definition): void;
  /** Moves the clock and runs everything that becomes due on the way. */
  advance(duration: Duration): Promise<void>;
  /** Waits until nothing more happens unless the clock moves. */
  settle(): Promise<void>;
  /** Crashes the process, like SIGKILL, and starts it again on the same store. */
  crash(): Promise<void>;
  /** Crashes the process at this store operation, just before or just after it takes effect. */
  crashAt(operation: number, side?: "before" | "after"): void;
  close(): Promise<void>;
}

/** Turns of the event loop without activity after which the instance counts as quiet. */
const quietTurns = 12;
/**
 * Real time in ms that a step's work may take, such as a call to a real service, before the clock moves on without it.
 */
const realWorkMaxMs = 1_000;
const dayMs = 86_400_000;
/** Nothing needs to be renewed if there is only one process. */
const yearMs = 365 * dayMs;
const startAt = Date.UTC(2026, 0, 1);

export async function openTestBaton(options: TestOptions = {}): Promise<TestBaton> {
  const test = new MemoryBaton(options);
  await test.open();
  return test;
}

class MemoryBaton implements TestBaton {
  readonly clock: TestClock;
  readonly #config: BatonConfig;
  readonly #core: ReturnType<typeof openMemoryCore>;
  readonly #definitions: Definition[];
  #instance: Baton | null = null;
  #generation = 0;
  #crashPoint: { operation: number; side: "before" | "after" } | null = null;
  #isCrashing = false;
  #hungAt = -1;
  operations = 0;

  constructor(options: TestOptions) {
    const at = parseTimestamp(options.startAt ?? startAt);
    if (at === null)
      throw new BatonError("invalid-option", `startAt is not a valid timestamp: ${String(options.startAt)}`, {
        hint: timestampHint,
      });
    this.clock = new TestClock(at);
    this.#config = options;
    this.#definitions = [...(options.definitions ?? [])];
    this.#core = openMemoryCore({ now: () => this.clock.now() });
  }

  get baton(): Baton {
    if (this.#instance === null) throw new BatonError("closed", "this test instance is closed");
    return this.#instance;
  }

  get crashes(): number {
    return this.#generation - 1;
  }

  async open(): Promise<void> {
    this.#generation += 1;
    this.#isCrashing = false;
    const generation = this.#generation;
    const notifier = new LocalNotifier();
    const inner = new MemoryStore(this.#core, notifier);
    const store = new InterceptedStore(inner, this.#interceptFor(generation));
    let chance = 0.5;
    let ids = 0;
    this.#instance = await assemble(
      { ...this.#config, definitions: this.#definitions },
      {
        store,
        notifier,
        clock: this.clock,
        logger: silentLogger,
        intervals: { leaseMs: yearMs, beatMs: yearMs, pollMs: dayMs, sweepMs: dayMs, showAfterMs: dayMs },
        name: `test:${generation}`,
        random: {
          float: () => {
            chance = (chance * 16_807) % 1;
            return chance;
          },
          uuid: () => {
            ids += 1;
            return `00000000-0000-7000-8000-${(generation * 1_000_000 + ids).toString(16).padStart(12, "0")}`;
          },
        },
      },
    );
  }

  /** Requests of a crashed process are never answered, and none of them takes effect. */
  #interceptFor(generation: number): Intercept {
    const never = new Promise<never>(() => {});
    return async (_operation, call) => {
      if (generation !== this.#generation || this.#isCrashing) return never;
      this.operations += 1;
      this.clock.activity += 1;
      const isLast = this.#crashPoint !== null && this.operations >= this.#crashPoint.operation;
      if (isLast && this.#crashPoint?.side === "before") {
        this.#crashSoon();
        return never;
      }
      const value = await call();
      if (generation !== this.#generation || this.#isCrashing) return never;
      if (isLast) {
        this.#crashSoon();
        return never;
      }
      return value;
    };
  }

  #crashSoon(): void {
    this.#crashPoint = null;
    this.#isCrashing = true;
    setImmediate(() => void this.crash());
  }

  async crash(): Promise<void> {
    this.#isCrashing = true;
    this.clock.clear();
    this.#core.buryAll();
    await this.open();
    this.clock.activity += 1;
  }

  crashAt(operation: number, side: "before" | "after" = "after"): void {
    this.#crashPoint = { operation, side };
  }

  register(definition: Definition): void {
    this.#definitions.push(definition);
    this.baton.register(definition);
  }

  emit(event: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }> {
    return this.baton.emit(event);
  }

  async start<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options: StartOptions = {},
  ): Promise<TestHandle<Output>> {
    const { id } = await this.baton.start(definition, input, options);
    return this.#handle<Output>(id);
  }

  async load<T>(fixture: unknown): Promise<TestHandle<T>> {
    const read = readFixture(fixture);
    const { id } = await this.baton.import(this.#asRegistered(read), { actor: "test" });
    return this.#handle<T>(id);
  }

  /** Uses the version that is registered here: version numbers of another store have no meaning in this one. */
  #asRegistered(fixture: RunFixture): RunFixture {
    const { definition } = fixture;
    const same = this.baton.engine.handlers.find((handler) => handler.definition.name === definition.name);
    return same === undefined
      ? fixture
      : { ...fixture, definition: { ...definition, version: same.definition.version } };
  }

  replay(fixture: unknown, definition: Definition): Promise<Verdict> {
    return replayFixture(fixture, definition);
  }

  #handle<T>(id: string): TestHandle<T> {
    const intervene = async (verb: VerbRequest["verb"], more: Partial<VerbRequest> = {}): Promise<void> => {
      await this.baton.engine.intervene(id, { ...more, verb, actor: "test", why: null });
      await this.settle();
    };
    const detail = async (): Promise<RunDetail> => {
      const run = this.#core.query("run", { id });
      if (run === null) throw unknownRun(id);
      return run;
    };
    return {
      id,
      detail,
      status: async () => (await detail()).row.status,
      result: async (options) => this.#result<T>(id, detail, parseDuration(options?.within ?? "30d")),
      resume: () => intervene("resume"),
      cancel: (options) => intervene("cancel", { isCompensated: options?.compensate === true }),
      suspend: (options) => intervene("suspend", { stopsClocks: options?.stopClocks === true }),
      retry: () => intervene("retry"),
      restart: (step) => intervene("restart", { step }),
      completeStep: async ({ step, output }) =>
        intervene("complete-step", {
          output: encodePayload(output, "output", defaults.payloadMax) ?? "null",
          ...(step === undefined ? {} : { step }),
        }),
      compensate: () => intervene("compensate"),
      dismiss: () => intervene("dismiss"),
    };
  }

  async #result<T>(id: string, detail: () => Promise<RunDetail>, withinMs: number): Promise<T> {
    const until = this.clock.now() + withinMs;
    for (;;) {
      await this.settle();
      const { row } = await detail();
      if (row.status === "completed" && row.continuedAs !== null)
        return this.#handle<T>(row.continuedAs).result({ within: until - this.clock.now() });
      if (row.status === "completed") {
        return decode(this.baton.engine.clearOutput(id, this.#core.query("output", { run: row.no }))) as T;
      }
      if (row.status === "failed" || row.status === "cancelled") throw new RunFailedError(id, row.status, row.error);
      if (row.status === "suspended")
        throw new BatonError("suspended", `run ${id} is suspended: ${JSON.stringify(row.reason)}`);
      if (!this.clock.fireNext(until))
        throw new BatonError(
          "timeout",
          `run ${id} is still ${row.status} after ${withinMs} ms: ${JSON.stringify(row.reason)}`,
        );
    }
  }

  async advance(duration: Duration): Promise<void> {
    const until = this.clock.now() + parseDuration(duration);
    do await this.settle();
    while (this.clock.fireNext(until));
    await this.settle();
  }

  async settle(): Promise<void> {
    const giveUpAt = performance.now() + realWorkMaxMs;
    let seen = -1;
    let quiet = 0;
    while (quiet < quietTurns) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const isBusy = this.#isCrashing || (this.#instance?.engine.isBusy && this.clock.activity !== this.#hungAt);
      if (this.clock.activity === seen && !(isBusy && performance.now() < giveUpAt)) quiet += 1;
      else quiet = 0;
      seen = this.clock.activity;
    }
    // A step that hangs is waited for once. After that only the clock can end it.
    if (this.#instance?.engine.isBusy) this.#hungAt = this.clock.activity;
  }

  async close(): Promise<void> {
    this.#crashPoint = null;
    await this.settle();
    const closing = this.#instance?.close({ graceMs: 0 });
    this.#instance = null;
    while (this.clock.fireNext(this.clock.now() + 1_000)) await new Promise<void>((resolve) => setImmediate(resolve));
    await closing;
  }
}
