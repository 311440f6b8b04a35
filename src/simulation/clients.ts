import type { VerbRequest } from "../kernel/decide/verb.ts";
import { BatonError } from "../kernel/model/errors.ts";
import type { Chance } from "./chance.ts";
import type { Cluster } from "./cluster.ts";
import type { HistoryLog } from "./history.ts";
import type { SimProcess } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

/** A run as its client knows it. */
export interface KnownRun {
  readonly definition: string;
  readonly key: string;
  /** Set when the start was acknowledged. */
  id: string | null;
  /** Acknowledged answers to the same key: always one id. */
  readonly ids: Set<string>;
}

const patienceMs = 1_500;

/**
 * Those who start runs, send events and ask for verbs. An answer that does not come is an unknown outcome; they ask again
 * with the same key until they know.
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
      this.#live(definition, `key-${index}`).finally(() => {
        this.#busy -= 1;
      });
    });
  }

  async #live(definition: string, key: string): Promise<void> {
    const known: KnownRun = { definition, key, id: null, ids: new Set() };
    const needsEvent = definition === "waiter" || (definition === "racer" && this.#chance.happens(0.6));
    if (definition === "waiter") await this.#emit(key, "before");
    await this.#start(known, inputOf(definition, key, this.#chance));
    const whim = this.#chance.float();
    if (whim < 0.12) await this.#cancel(known);
    else if (whim < 0.24) await this.#suspendAndResume(known);
    if (definition === "fickle") await this.#watchFickle(known);
    if (definition === "saga") await this.#mendSaga(known);
    if (needsEvent) {
      await this.#sleep(this.#chance.happens(0.4) ? 0 : this.#chance.between(0, 2_000));
      await this.#emit(key, "after");
    }
    if (definition === "broken") await this.#repairStore(known);
  }

  async #start(known: KnownRun, input: unknown): Promise<void> {
    this.runs.push(known);
    const started = await this.#operation("start", known.key, (process) =>
      process.engine.startRun(known.definition, input, { idempotencyKey: known.key }, { by: "client" }),
    );
    if (started === null) return;
    known.id = started.id;
    known.ids.add(started.id);
    // Once more, as a client does that got no answer: it must be the same run.
    if (this.#chance.happens(0.2)) {
      const again = await this.#operation("start", known.key, (process) =>
        process.engine.startRun(known.definition, input, { idempotencyKey: known.key }, { by: "client" }),
      );
      if (again !== null) known.ids.add(again.id);
    }
  }

  #emit(id: string, era: string): Promise<unknown> {
    return this.#operation("emit", `${id}:${era}`, (process) =>
      process.engine.emit({ name: "go", id: `${id}:${era}`, data: { id, era } }),
    );
  }

  async #cancel(known: KnownRun): Promise<void> {
    await this.#sleep(this.#chance.between(0, 600));
    const isCompensated = known.definition === "saga" && this.#chance.happens(0.6);
    await this.#verb(known, "cancel", { isCompensated });
  }

  /** A person looks at a run whose code disagrees with its history, and gives it up. */
  async #watchFickle(known: KnownRun): Promise<void> {
    for (let round = 0; round < 200; round++) {
      await this.#sleep(500);
      const status = await this.#status(known);
      if (status === "completed" || status === "failed" || status === "cancelled") return;
      if (status === "suspended") await this.#verb(known, "cancel");
    }
  }

  /** A saga that failed behind its point of no return goes on when its cause is mended. */
  async #mendSaga(known: KnownRun): Promise<void> {
    for (let round = 0; round < 200 && known.id !== null; round++) {
      await this.#sleep(500);
      const run = this.#cluster.core.query("run", { id: known.id });
      const { status, reason } = run?.row ?? { status: null, reason: null };
      if (status === null || status === "completed" || status === "cancelled" || reason?.code === "compensated") return;
      if (status === "suspended") await this.#verb(known, "resume");
      if (status !== "failed") continue;
      this.#cluster.repairStore(known.id);
      await this.#verb(known, "resume");
    }
  }

  async #suspendAndResume(known: KnownRun): Promise<void> {
    await this.#sleep(this.#chance.between(0, 400));
    await this.#verb(known, "suspend");
    // A request to a held run takes effect later: it is resumed for as long as it is found suspended.
    for (let round = 0; round < 100; round++) {
      await this.#sleep(500);
      const status = await this.#status(known);
      if (status === "completed" || status === "failed" || status === "cancelled") return;
      if (status === "suspended") await this.#verb(known, "resume");
    }
  }

  /** Waits for the dead letter, mends the cause and resumes. */
  async #repairStore(known: KnownRun): Promise<void> {
    for (let round = 0; round < 200; round++) {
      await this.#sleep(400);
      const status = await this.#status(known);
      if (status === "completed" || status === "cancelled") return;
      // A request to suspend whose answer was lost may come late.
      if (status === "suspended") await this.#verb(known, "resume");
      if (status !== "failed" || known.id === null) continue;
      await this.#setGoing(known, known.id);
    }
  }

  /** By hand, by one bulk act or two at once, with the cause mended or not yet; or by saying how the step came out. */
  async #setGoing(known: KnownRun, id: string): Promise<void> {
    const way = this.#chance.float();
    if (way < 0.3) {
      this.#cluster.repairStore(id);
      await this.#verb(known, "resume");
    } else if (way < 0.4) {
      await this.#verb(known, "complete-step", { step: "fragile", output: JSON.stringify("by hand") });
    } else {
      if (way < 0.6) this.#cluster.repairStore(id);
      await Promise.all([this.#redrive(), ...(this.#chance.happens(0.5) ? [this.#redrive()] : [])]);
    }
  }

  #redrive(): Promise<unknown> {
    const act = `bulk_${this.#chance.between(1, 1_000_000_000)}`;
    const canary = this.#chance.happens(0.5) ? [1] : [];
    const request = { verb: "redrive", filter: { name: "broken" }, canary, ratePerS: null } as const;
    return this.#operation("bulk", act, (process) =>
      process.engine.startBulk(request, { actor: "client", why: null }, act),
    );
  }

  async #status(known: KnownRun): Promise<string | null> {
    if (known.id === null) return null;
    return this.#cluster.core.query("run", { id: known.id })?.row.status ?? null;
  }

  #verb(known: KnownRun, verb: VerbRequest["verb"], more: Partial<VerbRequest> = {}): Promise<unknown> {
    const { id } = known;
    if (id === null) return Promise.resolve(null);
    const request = { ...more, verb, actor: "client", why: null };
    return this.#operation(verb, id, (process) => process.engine.intervene(id, request));
  }

  /** Asks until an answer comes; null when the answer is a refusal. */
  async #operation<T>(
    operation: string,
    subject: string,
    call: (process: SimProcess) => Promise<T>,
  ): Promise<T | null> {
    for (;;) {
      const process = this.#cluster.anyProcess();
      if (process === null) {
        await this.#sleep(100);
        continue;
      }
      const answer = await this.#within(call(process));
      this.#history.add({ type: "client", operation, subject, answer: answer.kind });
      if (answer.kind === "ok") return answer.value;
      if (answer.kind === "refused") return null;
      await this.#sleep(this.#chance.between(10, 200));
    }
  }

  #within<T>(call: Promise<T>): Promise<{ kind: "ok"; value: T } | { kind: "refused" } | { kind: "info" }> {
    return new Promise((resolve) => {
      const stop = this.#scheduler.after(patienceMs, () => resolve({ kind: "info" }));
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

function inputOf(definition: string, key: string, chance: Chance): unknown {
  switch (definition) {
    case "waiter":
    case "racer":
      return key;
    case "saga":
      return chance.pick(["fails", "fails", "works", "fails behind the pivot"]);
    case "limited":
    case "kept":
      return chance.pick(["north", "south"]);
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
