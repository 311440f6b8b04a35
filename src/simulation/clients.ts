import type { VerbRequest } from "../kernel/decide/verb.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { feeds } from "./chain-workloads.ts";
import type { Chance } from "./chance.ts";
import type { Cluster } from "./cluster.ts";
import type { HistoryLog } from "./history.ts";
import type { SimProcess } from "./process.ts";
import { type Signal, signalName } from "./routing.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Carelessness } from "./scope-workloads.ts";

/** A run as its client sees it. */
export interface KnownRun {
  readonly definition: string;
  readonly key: string;
  /** Set when the start was acknowledged. */
  id: string | null;
  /** Run ids acknowledged for this key: always the same one. */
  readonly ids: Set<string>;
}

const clientTimeoutMs = 1_500;

/**
 * Clients that start runs, send events and request actions. A missing answer is an unknown outcome; they repeat the
 * request with the same key until they get an answer.
 */
export class Clients {
  readonly runs: KnownRun[] = [];
  readonly #cluster: Cluster;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #history: HistoryLog;
  #busy = 0;

  constructor(cluster: Cluster, scheduler: Scheduler, chance: Chance, history: HistoryLog) {
    this.#cluster = cluster;
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.#history = history;
  }

  get areDone(): boolean {
    return this.#busy === 0;
  }

  /** Plans what one client does with one run of this definition. */
  plan(definition: string, index: number, horizonMs: number): void {
    this.#busy += 1;
    this.#scheduler.after(this.#chance.between(0, horizonMs), () => {
      this.#runClient(definition, `key-${index}`).finally(() => {
        this.#busy -= 1;
      });
    });
  }

  /** Plans one event whose evaluation runs author code. Its data is the signal. */
  planSignal(signal: Signal, horizonMs: number): void {
    this.#busy += 1;
    this.#scheduler.after(this.#chance.between(0, horizonMs), () => {
      this.#request("emit", signal.id, (process) => sendSignal(process.engine, signal)).finally(() => {
        this.#busy -= 1;
      });
    });
  }

  async #runClient(definition: string, key: string): Promise<void> {
    const known: KnownRun = { definition, key, id: null, ids: new Set() };
    const needsEvent = definition === "waiter" || (definition === "racer" && this.#chance.happens(0.6));
    if (definition === "waiter") await this.#emit(key, "before");
    if (definition === "collector") void this.#feed(key);
    if (definition === "joiner") void this.#startShared(key);
    const input = inputOf(definition, key, this.#chance);
    await this.#start(known, input);
    if (definition === "throttled") return this.#cancelSome(known);
    const draw = this.#chance.float();
    if (draw < 0.12) await this.#cancel(known);
    else if (draw < 0.24) await this.#suspendAndResume(known);
    if (definition === "fickle") await this.#watchFickle(known);
    if (definition === "saga") await this.#repairSaga(known);
    if (definition === "batcher" || definition === "cleaner" || input === "rejects") await this.#resumeRepaired(known);
    if (needsEvent) {
      await this.#sleep(this.#chance.happens(0.4) ? 0 : this.#chance.between(0, 2_000));
      await this.#emit(key, "after");
    }
    if (definition === "broken") await this.#repairBroken(known);
  }

  async #start(known: KnownRun, input: unknown): Promise<void> {
    this.runs.push(known);
    const started = await this.#request("start", known.key, (process) =>
      process.engine.startRun(known.definition, input, { idempotencyKey: known.key }, { by: "client" }),
    );
    if (started === null) return;
    known.id = started.id;
    known.ids.add(started.id);
    // Again, as a client does that got no answer: it must get the same run.
    if (this.#chance.happens(0.2)) {
      const again = await this.#request("start", known.key, (process) =>
        process.engine.startRun(known.definition, input, { idempotencyKey: known.key }, { by: "client" }),
      );
      if (again !== null) known.ids.add(again.id);
    }
  }

  #emit(id: string, era: string): Promise<unknown> {
    return this.#request("emit", `${id}:${era}`, (process) =>
      process.engine.emit({ name: "go", id: `${id}:${era}`, data: { id, era } }),
    );
  }

  /** The events of a collector, each sent once more by a client that is not sure. */
  async #feed(id: string): Promise<void> {
    for (let n = 0; n < feeds; n++) {
      await this.#sleep(this.#chance.between(0, 500));
      for (let times = this.#chance.happens(0.2) ? 2 : 1; times > 0; times--)
        await this.#request("emit", `${id}:feed:${n}`, (process) =>
          process.engine.emit({ name: "feed", id: `${id}:feed:${n}`, data: { id, n } }),
        );
    }
  }

  /** Whoever comes first starts the run, and the others join it. */
  async #startShared(key: string): Promise<void> {
    await this.#sleep(this.#chance.between(0, 500));
    await this.#request("start", `shared:${key}`, (process) =>
      process.engine.startRun("shared", key, { idempotencyKey: `shared:${key}` }, { by: "client" }),
    );
  }

  /** Cancels about half of the throttled starts, most of them before their time. */
  async #cancelSome(known: KnownRun): Promise<void> {
    if (this.#chance.happens(0.5)) return;
    await this.#sleep(this.#chance.between(0, 800));
    await this.#verb(known, "cancel");
  }

  async #cancel(known: KnownRun): Promise<void> {
    await this.#sleep(this.#chance.between(0, 600));
    const isCompensated = known.definition === "saga" && this.#chance.happens(0.6);
    await this.#verb(known, "cancel", { isCompensated });
  }

  /** An operator watches a run whose code may disagree with its history, and cancels it when it is suspended. */
  async #watchFickle(known: KnownRun): Promise<void> {
    for (let round = 0; round < 200; round++) {
      await this.#sleep(500);
      const status = await this.#status(known);
      if (status === "completed" || status === "failed" || status === "cancelled") return;
      if (status === "suspended") await this.#verb(known, "cancel");
    }
  }

  /** A saga that failed after its point of no return continues when its cause is repaired. */
  async #repairSaga(known: KnownRun): Promise<void> {
    for (let round = 0; round < 200 && known.id !== null; round++) {
      await this.#sleep(500);
      const run = this.#cluster.core.query("run", { id: known.id });
      const { status, reason } = run?.row ?? { status: null, reason: null };
      if (status === null || status === "completed" || status === "cancelled" || reason?.code === "compensated") return;
      if (status === "suspended") await this.#verb(known, "resume");
      if (status !== "failed") continue;
      this.#cluster.repair(known.id);
      await this.#verb(known, "resume");
    }
  }

  /** Repairs the cause of a failure, and resumes the run until it ends well. */
  async #resumeRepaired(known: KnownRun): Promise<void> {
    for (let round = 0; round < 200 && known.id !== null; round++) {
      await this.#sleep(500);
      const status = await this.#status(known);
      if (status === "completed" || status === "cancelled") return;
      if (status === "suspended") await this.#verb(known, "resume");
      if (status !== "failed") continue;
      this.#cluster.repair(known.id);
      await this.#verb(known, "resume");
    }
  }

  async #suspendAndResume(known: KnownRun): Promise<void> {
    await this.#sleep(this.#chance.between(0, 400));
    await this.#verb(known, "suspend");
    // A request to a held run takes effect later: resume it whenever it is suspended.
    for (let round = 0; round < 100; round++) {
      await this.#sleep(500);
      const status = await this.#status(known);
      if (status === "completed" || status === "failed" || status === "cancelled") return;
      if (status === "suspended") await this.#verb(known, "resume");
    }
  }

  /** Waits for the dead letter, repairs the cause and resumes. */
  async #repairBroken(known: KnownRun): Promise<void> {
    for (let round = 0; round < 200; round++) {
      await this.#sleep(400);
      const status = await this.#status(known);
      if (status === "completed" || status === "cancelled") return;
      // A suspend request whose answer was lost may take effect late.
      if (status === "suspended") await this.#verb(known, "resume");
      if (status !== "failed" || known.id === null) continue;
      await this.#recover(known, known.id);
    }
  }

  /**
   * By resume, by one bulk operation or two at once, with the cause repaired or not yet; or by recording the step's
   * output.
   */
  async #recover(known: KnownRun, id: string): Promise<void> {
    const draw = this.#chance.float();
    if (draw < 0.3) {
      this.#cluster.repair(id);
      await this.#verb(known, "resume");
    } else if (draw < 0.4) {
      await this.#verb(known, "complete-step", { step: "fragile", output: JSON.stringify("by hand") });
    } else {
      if (draw < 0.6) this.#cluster.repair(id);
      await Promise.all([this.#redrive(), ...(this.#chance.happens(0.5) ? [this.#redrive()] : [])]);
    }
  }

  #redrive(): Promise<unknown> {
    const bulkId = `bulk_${this.#chance.between(1, 1_000_000_000)}`;
    const canary = this.#chance.happens(0.5) ? [1] : [];
    const request = { verb: "redrive", filter: { name: "broken" }, canary, ratePerS: null } as const;
    return this.#request("bulk", bulkId, (process) =>
      process.engine.startBulk(request, { actor: "client", why: null }, bulkId),
    );
  }

  async #status(known: KnownRun): Promise<string | null> {
    if (known.id === null) return null;
    const run = this.#cluster.core.query("run", { id: known.id });
    const open = run?.lastPart == null ? run : this.#cluster.core.query("run", { id: run.lastPart.id });
    return open?.row.status ?? null;
  }

  #verb(known: KnownRun, verb: VerbRequest["verb"], more: Partial<VerbRequest> = {}): Promise<unknown> {
    const { id } = known;
    if (id === null) return Promise.resolve(null);
    const request = { ...more, verb, actor: "client", why: null };
    return this.#request(verb, id, (process) => process.engine.intervene(id, request));
  }

  /** Repeats the call until there is an answer; null when it was refused. */
  async #request<T>(operation: string, subject: string, call: (process: SimProcess) => Promise<T>): Promise<T | null> {
    for (;;) {
      const process = this.#cluster.anyProcess();
      if (process === null) {
        await this.#sleep(100);
        continue;
      }
      const answer = await this.#withTimeout(call(process));
      this.#history.add({ type: "client", operation, subject, answer: answer.kind });
      if (answer.kind === "ok") return answer.value;
      if (answer.kind === "refused") return null;
      await this.#sleep(this.#chance.between(10, 200));
    }
  }

  #withTimeout<T>(call: Promise<T>): Promise<{ kind: "ok"; value: T } | { kind: "refused" } | { kind: "info" }> {
    return new Promise((resolve) => {
      const stop = this.#scheduler.after(clientTimeoutMs, () => resolve({ kind: "info" }));
      call.then(
        (value) => {
          stop();
          resolve({ kind: "ok", value });
        },
        (error: unknown) => {
          stop();
          const isRefusal = error instanceof BatonError && error.name === "BatonError";
          resolve({ kind: isRefusal ? "refused" : "info" });
        },
      );
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.after(ms, resolve);
    });
  }
}

function sendSignal(engine: SimProcess["engine"], signal: Signal): Promise<unknown> {
  const { id, isKept } = signal;
  if (!isKept) return engine.emit({ name: signalName, id, data: signal });
  const event = { name: signalName, id, source: "api", data: JSON.stringify(signal) };
  return engine.store.commit({ kind: "event", event, isRouted: false, starts: [], refused: [] });
}

function inputOf(definition: string, key: string, chance: Chance): unknown {
  switch (definition) {
    case "waiter":
    case "racer":
    case "joiner":
      return key;
    case "collector":
      return { id: key, got: [] };
    case "saga":
      return chance.pick(["fails", "fails", "works", "fails behind the pivot"]);
    case "limited":
    case "kept":
      return chance.pick(["north", "south"]);
    case "batcher":
    case "cleaner":
      return chance.happens(0.5);
    case "careless":
      return chance.pick(["ignores", "awaits late", "rejects"] satisfies Carelessness[]);
    case "looper":
      return chance.between(0, 4);
    case "deployed":
      return chance.between(20, 1_500);
    case "timer":
      return chance.between(20, 3_000);
    case "mapper":
      return chance.between(1, 8);
    default:
      return null;
  }
}
