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
import { type Intercept, InterceptedStore } from "../stores/intercepted.ts";
import { MemoryStore, openMemoryCore } from "../stores/sqlite/memory-store.ts";
import type { Workflow } from "../workflows/definition.ts";
import { TestClock } from "./test-clock.ts";

export interface TestOptions extends Omit<BatonConfig, "store" | "port" | "folder"> {
  /** Where the clock begins. Default 2026-01-01T00:00:00Z. */
  startAt?: Date | number;
}

/** A run of a test instance. It survives crashes of the instance, as the run does. */
export interface TestHandle<T = unknown> {
  readonly id: string;
  /** The output; the clock is moved to whatever the run waits for, up to `within` (default 30 days). */
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

/** An instance in memory with a clock that the test moves, and a process that the test may kill. */
export interface TestBaton {
  readonly clock: TestClock;
  /** The instance that lives now; another one after each crash. */
  readonly baton: Baton;
  /** Store operations so far: the numbers that `crashAt` counts in. */
  readonly operations: number;
  readonly crashes: number;
  start<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options?: StartOptions,
  ): Promise<TestHandle<Output>>;
  emit(event: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }>;
  /** Puts a run that `baton export` has written into the store, at rest; one that had failed may be resumed. */
  load<T = unknown>(fixture: unknown): Promise<TestHandle<T>>;
  /** Replays such a run over a definition, without running a step: compatible, or where it differs first. */
  replay(fixture: unknown, definition: Definition): Promise<Verdict>;
  register(definition: Definition): void;
  /** Moves the clock, with everything that falls due on the way. */
  advance(duration: Duration): Promise<void>;
  /** Waits until nothing more happens without the clock. */
  settle(): Promise<void>;
  /** Kills the process, as SIGKILL would, and starts it again on the same store. */
  crash(): Promise<void>;
  /** Kills it at that store operation, just before or just after it takes effect. */
  crashAt(operation: number, side?: "before" | "after"): void;
  close(): Promise<void>;
}

/** Turns of the event loop without a sign of work after which all counts as quiet. */
const quietTurns = 12;
/** Real ms that a step's own work may take, such as a call to a real service, before the clock goes on without it. */
const realWorkMaxMs = 1_000;
const dayMs = 86_400_000;
/** Nothing has to be renewed where only one process can be. */
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
  #deathAt: { operation: number; side: "before" | "after" } | null = null;
  #isDying = false;
  #hungAt = -1;
  operations = 0;

  constructor(options: TestOptions) {
    this.clock = new TestClock(new Date(options.startAt ?? startAt).getTime());
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
    this.#isDying = false;
    const generation = this.#generation;
    const notifier = new LocalNotifier();
    const inner = new MemoryStore(this.#core, notifier);
    const store = new InterceptedStore(inner, this.#lifeOf(generation));
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

  /** What a dead process asks never comes back, and nothing of it comes through. */
  #lifeOf(generation: number): Intercept {
    const never = new Promise<never>(() => {});
    return async (_operation, call) => {
      if (generation !== this.#generation || this.#isDying) return never;
      this.operations += 1;
      this.clock.activity += 1;
      const isLast = this.#deathAt !== null && this.operations >= this.#deathAt.operation;
      if (isLast && this.#deathAt?.side === "before") {
        this.#die();
        return never;
      }
      const value = await call();
      if (generation !== this.#generation || this.#isDying) return never;
      if (isLast) {
        this.#die();
        return never;
      }
      return value;
    };
  }

  #die(): void {
    this.#deathAt = null;
    this.#isDying = true;
    setImmediate(() => void this.crash());
  }

  async crash(): Promise<void> {
    this.#isDying = true;
    this.clock.clear();
    this.#core.buryAll();
    await this.open();
    this.clock.activity += 1;
  }

  crashAt(operation: number, side: "before" | "after" = "after"): void {
    this.#deathAt = { operation, side };
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

  /** On the version that is registered here: numbers of another store mean nothing in this one. */
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
    const act = async (verb: VerbRequest["verb"], more: Partial<VerbRequest> = {}): Promise<void> => {
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
      resume: () => act("resume"),
      cancel: (options) => act("cancel", { isCompensated: options?.compensate === true }),
      suspend: (options) => act("suspend", { stopsClocks: options?.stopClocks === true }),
      retry: () => act("retry"),
      restart: (step) => act("restart", { step }),
      completeStep: async ({ step, output }) =>
        act("complete-step", {
          output: encodePayload(output, "output", defaults.payloadMax) ?? "null",
          ...(step === undefined ? {} : { step }),
        }),
      compensate: () => act("compensate"),
      dismiss: () => act("dismiss"),
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
      const isBusy = this.#isDying || (this.#instance?.engine.isBusy && this.clock.activity !== this.#hungAt);
      if (this.clock.activity === seen && !(isBusy && performance.now() < giveUpAt)) quiet += 1;
      else quiet = 0;
      seen = this.clock.activity;
    }
    // A step that hangs is waited for once: then only the clock can end it.
    if (this.#instance?.engine.isBusy) this.#hungAt = this.clock.activity;
  }

  async close(): Promise<void> {
    this.#deathAt = null;
    await this.settle();
    const closing = this.#instance?.close({ graceMs: 0 });
    this.#instance = null;
    while (this.clock.fireNext(this.clock.now() + 1_000)) await new Promise<void>((resolve) => setImmediate(resolve));
    await closing;
  }
}
