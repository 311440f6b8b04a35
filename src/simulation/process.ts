import type { Attempt } from "../kernel/engine/attempt.ts";
import { Engine } from "../kernel/engine/engine.ts";
import type { EngineSafeguards } from "../kernel/engine/safeguards.ts";
import type { LeasedRun } from "../kernel/model/run.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Hint, Notifier } from "../kernel/ports/notifier.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Intercept } from "../stores/intercepted.ts";
import { InterceptedStore } from "../stores/intercepted.ts";
import { workflowHandler } from "../workflows/handler.ts";
import { createChainWorkloads } from "./chain-workloads.ts";
import type { Chance } from "./chance.ts";
import { createRecoveryWorkloads } from "./recovery-workloads.ts";
import type { Rollout } from "./rollout.ts";
import { createSignalled, routingLimitMs, type Signal } from "./routing.ts";
import type { Scheduler } from "./scheduler.ts";
import { createScheduled, type ScheduleSetup } from "./schedules.ts";
import { createScopeWorkloads } from "./scope-workloads.ts";
import { createWorkloads, type Outside } from "./workloads.ts";

export interface ProcessParts {
  readonly id: number;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly store: Store;
  readonly skewMs: number;
  readonly neverPolls: boolean;
  /** Parked runs with at least this many operations stay in memory. */
  readonly warmFrom: number;
  readonly hasNoLimits: boolean;
  readonly safeguards: Partial<EngineSafeguards>;
  readonly scheduleSetup: ScheduleSetup | null;
  readonly rollout: Rollout | null;
  readonly outside: (process: SimProcess) => Outside;
  /** Author code that evaluates an event; null in seeds without such events. */
  readonly evaluate: ((process: SimProcess, signal: Signal) => Promise<void>) | null;
  readonly started: (process: SimProcess, run: LeasedRun, key: string, attempt: Attempt) => void;
}

export const leaseMs = 1_000;
const beatMs = 300;
const pollMs = 400;
const never = 1_000_000_000;

/**
 * One process of the simulated cluster. Its crash is exact and cheap: its awaits never settle, so no `finally` runs, as
 * with SIGKILL. While it is paused, its requests still take effect, and their answers come late.
 */
export class SimProcess {
  readonly id: number;
  readonly engine: Engine;
  readonly #parts: ProcessParts;
  readonly #listeners = new Set<(hint: Hint) => void>();
  isAlive = true;
  skewMs: number;
  #pausedUntil = 0;
  readonly #leased = new Map<string, LeasedRun>();

  constructor(parts: ProcessParts, intercept: (process: SimProcess) => Intercept) {
    this.#parts = parts;
    this.id = parts.id;
    this.skewMs = parts.skewMs;
    const { rollout } = parts;
    const notifier: Notifier = {
      publish: () => {},
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    const clock: Clock = {
      now: () => parts.scheduler.now + this.skewMs,
      mono: () => parts.scheduler.now,
      after: (ms, call) => this.later(ms, call),
      soon: (call) => {
        this.later(0, call);
      },
    };
    this.engine = new Engine({
      store: new InterceptedStore(parts.store, intercept(this)),
      clock,
      random: {
        float: () => parts.chance.float(),
        uuid: () => `${parts.id}-${Math.floor(parts.chance.float() * 2 ** 40).toString(16)}`,
      },
      notifier,
      logger: { log: () => {} },
      name: `process-${parts.id}`,
      heldMax: 20,
      leaseMs,
      beatMs,
      pollMs: parts.neverPolls ? never : pollMs,
      sweepMs: never,
      keepMs: 100,
      warmFrom: parts.warmFrom,
      cancelGraceMs: 100,
      routingLimitMs,
      safeguards: parts.safeguards,
      ...(rollout === null ? {} : { findHandler: (definition) => rollout.find(this, definition) }),
      within: (run, key, attempt, work) => {
        this.#leased.set(run.id, run);
        if (key !== null && attempt !== null) parts.started(this, run, key, attempt);
        return work();
      },
    });
    const scheduled = parts.scheduleSetup === null ? [] : createScheduled(parts.scheduleSetup);
    const { evaluate } = parts;
    const signalled = evaluate === null ? [] : [createSignalled((signal) => evaluate(this, signal))];
    const outside = parts.outside(this);
    rollout?.install(this, outside);
    const unscheduled = [createWorkloads, createRecoveryWorkloads, createChainWorkloads, createScopeWorkloads].flatMap(
      (make) => make(outside),
    );
    for (const definition of [...unscheduled, ...scheduled, ...signalled]) {
      const handler = workflowHandler(definition, this.engine);
      this.engine.register(parts.hasNoLimits ? { ...handler, payloadMax: 1e9 } : handler);
    }
  }

  /** Calls back unless the process has crashed by then, and not before the end of a pause. */
  later(ms: number, call: () => void): () => void {
    return this.#parts.scheduler.after(ms, () => {
      if (!this.isAlive) return;
      const left = this.#pausedUntil - this.#parts.scheduler.now;
      if (left > 0) this.later(left, call);
      else call();
    });
  }

  /** What the platform does when a promise of this run's code is rejected and nothing awaits it. */
  rejectIn(id: string, step: string | null): void {
    const run = this.#leased.get(id);
    if (run !== undefined) this.engine.runRejected(run, step, new Error("nothing awaits this"));
  }

  pause(ms: number): void {
    this.#pausedUntil = this.#parts.scheduler.now + ms;
  }

  hint(hint: Hint): void {
    for (const listener of this.#listeners) listener(hint);
  }
}
