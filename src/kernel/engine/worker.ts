import { chargedDeaths, isCrashLoop, isSuspect } from "../decide/crash.ts";
import { fingerprintOf } from "../decide/failure.ts";
import { BatonError, type ErrorRecord } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import type { LeasedRun } from "../model/run.ts";
import { defaultQueue } from "../model/start-run.ts";
import type { Next } from "../model/transition.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Random } from "../ports/random.ts";
import type { LeaseParams, Store } from "../ports/store.ts";
import { Activation, type ActivationEnvironment } from "./activation.ts";
import type { Attempt } from "./attempt.ts";
import type { Found, Handler } from "./handler.ts";
import { Pump } from "./pump.ts";
import type { EngineSafeguards } from "./safeguards.ts";
import { Timeline } from "./timeline.ts";
import { WarmRuns } from "./warm-runs.ts";

export interface WorkerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly notifier: Notifier;
  readonly logger: Logger;
  readonly name: string;
  /** Baton's version, for the list of workers. */
  readonly version: string;
  /** The queues that it serves; null: all. */
  readonly queues: readonly string[] | null;
  readonly heldMax: number;
  readonly leaseMs: number;
  readonly beatMs: number;
  readonly pollMs: number;
  readonly keepMs: number;
  readonly warmFrom: number;
  readonly showAfterMs: number;
  readonly cancelGraceMs: number;
  readonly safeguards: EngineSafeguards;
  readonly cipher: Cipher;
  /** The code of a definition version; null if this process does not have it. */
  handlerOf(run: LeasedRun): Handler | null;
  /** Looks for the code of a version that `handlerOf` does not have; null: there is nowhere to look. */
  findHandler(run: LeasedRun): Promise<Found> | null;
  /** Runs the author's code in the context of its run and step. */
  within<T>(run: LeasedRun, key: string | null, attempt: Attempt | null, work: () => T): T;
  /** Called at once when a held run has ended, without a query. */
  ended(run: LeasedRun, next: Next): void;
}

/**
 * Leases runs and executes them.
 *
 * Its lease is one row that it renews. It counts its own deadline from before each renewal was sent, and stops by
 * itself when that has passed, because other workers may then hold its runs. If the process crashes at any point, the
 * row expires and other workers lease the runs.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #env: ActivationEnvironment;
  readonly #timeline: Timeline;
  readonly #active = new Map<number, Activation>();
  readonly #warm = new WarmRuns(defaults.warmMax);
  /** Leased runs whose code is being looked for. */
  readonly #finding = new Map<number, LeasedRun>();
  #incarnation = 0;
  #leaseUntilMono = 0;
  #reserved = 0;
  #isLeasing = false;
  #wantsLease = false;
  #hasMore = false;
  /** An answer was lost that may have leased something. */
  #isUnsure = false;
  #isStopping = false;
  /** A run that it holds made the process exit: its lease must not end cleanly. */
  #hasOffender = false;
  #isWatching = false;
  #stopPoll: (() => void) | null = null;
  #stopWatch: (() => void) | null = null;
  readonly #stops: (() => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#timeline = new Timeline(options.clock);
    this.#env = {
      store: options.store,
      clock: options.clock,
      random: options.random,
      pump: new Pump(options.clock),
      timeline: this.#timeline,
      keepMs: options.keepMs,
      warmFrom: options.warmFrom,
      cancelGraceMs: options.cancelGraceMs,
      storeRetryMs: 100,
      safeguards: options.safeguards,
      cipher: options.cipher,
      within: options.within,
      warn: (message, fields) => options.logger.log("warn", message, fields),
      over: (activation, end) => this.#over(activation, end),
      cooled: (activation) => this.#warm.remove(activation),
    };
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  /** The activation of exactly this lease, if it is still held. */
  activationOf(run: LeasedRun): Activation | null {
    const activation = this.#active.get(run.no);
    return activation?.run === run ? activation : null;
  }

  get isBusy(): boolean {
    for (const activation of this.#active.values()) if (activation.isBusy) return true;
    return false;
  }

  /** Store time, as far as this worker knows it. */
  now(): number {
    return this.#timeline.now();
  }

  async start(): Promise<void> {
    await this.#join();
    this.#stops.push(
      this.#options.notifier.subscribe((hint) => {
        for (const run of hint.arrivals ?? []) this.#active.get(run)?.pull();
        if (hint.ready) this.wake();
      }),
    );
    this.#every(this.#options.beatMs, () => this.#beat());
    this.wake();
  }

  async #join(): Promise<void> {
    const { store, name, leaseMs, clock, version, heldMax, queues } = this.#options;
    const before = clock.mono();
    const { incarnation, now } = await store.join({ name, leaseMs, about: { version, slots: heldMax, queues } });
    this.#incarnation = incarnation;
    this.#renewed(before);
    this.#timeline.observe(now);
  }

  /** Repeats `work`, with a pause of `ms` between two rounds, until the worker stops. */
  #every(ms: number, work: () => Promise<void>): void {
    let stop = (): void => {};
    let isStopped = false;
    const round = (): void => {
      work()
        .catch((error: unknown) =>
          this.#options.logger.log("warn", "a worker iteration failed", { error: String(error) }),
        )
        .finally(() => {
          if (!isStopped) stop = this.#options.clock.after(ms, round);
        });
    };
    stop = this.#options.clock.after(ms, round);
    this.#stops.push(() => {
      isStopped = true;
      stop();
    });
  }

  async #beat(): Promise<void> {
    const { store, leaseMs, clock } = this.#options;
    const before = clock.mono();
    if (before >= this.#leaseUntilMono) return this.#rejoin();
    const { isAlive, now, arrivals, nextReadyAt } = await store.beat({ incarnation: this.#incarnation, leaseMs });
    if (!isAlive) return this.#rejoin();
    this.#renewed(before);
    this.#timeline.observe(now);
    for (const run of arrivals) this.#active.get(run)?.pull();
    if (nextReadyAt != null) this.#wakeAt(nextReadyAt - now);
  }

  /** Wakes for runs that become ready before the next heartbeat. */
  #wakeAt(inMs: number): void {
    if (inMs <= 0) this.wake();
    else if (inMs <= this.#options.beatMs) this.#options.clock.after(inMs, () => this.wake());
  }

  /**
   * The lease counts from before its renewal was sent. When it has expired, the worker stops by itself even if the
   * store does not answer, because other workers may then hold its runs.
   */
  #renewed(before: number): void {
    const { clock, leaseMs } = this.#options;
    this.#leaseUntilMono = before + leaseMs;
    this.#stopWatch?.();
    this.#stopWatch = clock.after(leaseMs, () => {
      if (clock.mono() >= this.#leaseUntilMono) this.#releaseAll();
    });
  }

  #releaseAll(): void {
    if (this.#active.size === 0) return;
    this.#options.logger.log("warn", "the worker lease expired; its runs are released", {
      worker: this.#options.name,
      runs: this.#active.size,
    });
    for (const activation of [...this.#active.values()]) activation.lose();
    // A renewal may be on its way after all: the next call then says that nothing is held here.
    this.#isUnsure = true;
  }

  /** Nothing that was held counts any more: the worker continues as a new incarnation. */
  async #rejoin(): Promise<void> {
    this.#releaseAll();
    await this.#join();
    this.wake();
  }

  /** Shows long attempts while any run is held. */
  #watchAttempts(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#options.clock.after(this.#options.showAfterMs, () => {
      this.#isWatching = false;
      for (const activation of this.#active.values()) activation.showLongAttempts(this.#options.showAfterMs);
      if (this.#active.size > 0) this.#watchAttempts();
    });
  }

  // --- Leasing -------------------------------------------------------------------------------------------------------

  /**
   * Reserves capacity for a run of this queue that is about to start here; null if there is none or this worker does
   * not serve the queue.
   */
  reserve(queue: string = defaultQueue): number | null {
    if (this.#isStopping || this.#incarnation === 0 || this.#free() <= 0) return null;
    if (this.#options.queues?.includes(queue) === false) return null;
    this.#reserved += 1;
    return this.#incarnation;
  }

  /**
   * Releases the reserved capacity, or uses it. `isUnsure`: no answer was received, so the store may have leased the
   * run to this worker.
   */
  settle(run: LeasedRun | null, isUnsure: boolean): void {
    this.#reserved -= 1;
    if (isUnsure) {
      this.#isUnsure = true;
      this.wake();
    }
    if (run !== null) this.#activate(run, 0);
  }

  /** Looks for ready runs now, or right after the current poll. */
  wake(): void {
    if (this.#isStopping || this.#incarnation === 0) return;
    if (this.#isLeasing) {
      this.#wantsLease = true;
      return;
    }
    this.#isLeasing = true;
    this.#lease()
      .catch((error: unknown) => {
        this.#options.logger.log("warn", "leasing failed; it will be retried", { error: String(error) });
        return new Promise<void>((resolve) => this.#options.clock.after(leaseRetryMs, resolve));
      })
      .finally(() => {
        this.#isLeasing = false;
        if (this.#wantsLease) {
          this.#wantsLease = false;
          this.wake();
        }
      });
  }

  async #lease(): Promise<void> {
    const { store, clock, pollMs } = this.#options;
    let wait = pollMs;
    try {
      for (;;) {
        const limit = Math.min(this.#free(), defaults.leaseBatch);
        this.#hasMore = limit <= 0;
        if (limit <= 0 || this.#isStopping) return;
        this.#reserved += limit;
        const incarnation = this.#incarnation;
        const holds = this.#isUnsure ? this.#held() : null;
        this.#isUnsure = false;
        const { runs, nextReadyAt, now, deathAllowance } = await store
          .lease({ incarnation, limit, hasSuspect: this.#hasSuspect(), holds })
          .catch((error: unknown) => {
            this.#isUnsure = true;
            wait = leaseRetryMs;
            throw error;
          })
          .finally(() => {
            this.#reserved -= limit;
          });
        this.#timeline.observe(now);
        if (incarnation !== this.#incarnation) return;
        for (const run of runs) this.#activate(run, deathAllowance);
        if (this.#isStopping) return;
        if (nextReadyAt === null) return;
        wait = Math.min(pollMs, Math.max(0, nextReadyAt - now));
        if (runs.length < limit) return;
      }
    } finally {
      this.#stopPoll?.();
      this.#stopPoll = this.#isStopping ? null : clock.after(wait, () => this.wake());
    }
  }

  #held(): NonNullable<LeaseParams["holds"]> {
    const active = [...this.#active.values()].map((activation) => activation.run);
    return [...active, ...this.#finding.values()].map(({ no: run, fence }) => ({ run, fence }));
  }

  #hasSuspect(): boolean {
    for (const { run } of this.#active.values()) if (isSuspect(run.uncleanCount)) return true;
    for (const run of this.#finding.values()) if (isSuspect(run.uncleanCount)) return true;
    return false;
  }

  #free(): number {
    return this.#options.heldMax - this.#active.size - this.#reserved;
  }

  #activate(run: LeasedRun, deathAllowance: number, found: Handler | null = null): void {
    if (this.#options.clock.mono() >= this.#leaseUntilMono) return this.#refuseLate();
    if (this.#isStopping) return this.#leaveAs(run, { state: "ready" });
    // Before its code is loaded, because loading it may be what crashes the process.
    if (isCrashLoop(run.uncleanCount, deathAllowance)) return this.#leaveAs(run, crashLoop(run));
    const handler = found ?? this.#options.handlerOf(run);
    if (handler === null) return this.#find(run, deathAllowance);
    // Answers may arrive out of order: of two leases of one run the newer one counts.
    const other = this.#active.get(run.no);
    if (other !== undefined && other.run.fence >= run.fence) return;
    other?.lose();
    const warm = this.#warm.take(run, handler);
    warm?.leased(run);
    const activation = warm ?? new Activation(run, handler, this.#env);
    this.#active.set(run.no, activation);
    this.#watchAttempts();
    if (run.isFresh) activation.begin(null);
    else this.#load(activation);
  }

  /**
   * A run was leased, and by now this worker does not know whether its own lease still holds. A renewal may be on its
   * way: the store would then believe forever that the run is held here. The next call says what is.
   */
  #refuseLate(): void {
    this.#isUnsure = true;
    this.wake();
  }

  /** Keeps a leased run and its capacity while its code is being looked for. */
  #find(run: LeasedRun, deathAllowance: number): void {
    const finding = this.#options.findHandler(run);
    if (finding === null) return this.#leaveUnserved(run, null);
    const incarnation = this.#incarnation;
    this.#reserved += 1;
    this.#finding.set(run.no, run);
    finding
      .catch((error: unknown): Found => ({ lack: error instanceof Error ? error.message : String(error) }))
      .then((found) => {
        this.#reserved -= 1;
        // A newer lease of the same run has its own search.
        if (this.#finding.get(run.no) === run) this.#finding.delete(run.no);
        if (incarnation !== this.#incarnation) return;
        if ("handler" in found) this.#activate(run, deathAllowance, found.handler);
        else {
          this.#leaveUnserved(run, found.lack);
          if (this.#hasMore) this.wake();
        }
      });
  }

  #leaveUnserved(run: LeasedRun, lack: string | null): void {
    const { name: definition, version } = run.definition;
    const detail = lack === null ? {} : { detail: lack };
    this.#leaveAs(run, {
      state: "ready",
      delayMs: noWorkerDelayMs,
      reason: { code: "no-worker", definition, version, ...detail },
    });
  }

  #load(activation: Activation): void {
    const { run } = activation;
    this.#options.store.load({ run: run.no, fence: run.fence, part: activation.needs }).then(
      (journal) => {
        if (journal === null) activation.lose();
        else if (this.#active.get(run.no) === activation) activation.begin(journal);
      },
      (error: unknown) => {
        this.#options.logger.log("warn", "the journal of a run could not be read; it will be retried", {
          run: run.id,
          error: String(error),
        });
        this.#options.clock.after(1_000, () => {
          if (this.#active.get(run.no) === activation) this.#load(activation);
        });
      },
    );
  }

  /**
   * Ends the lease without running any code. If there is no answer, the next lease call frees the run and it is tried
   * again.
   */
  #leaveAs(run: LeasedRun, next: Next): void {
    this.#options.store.commit({ kind: "advance", run: run.no, fence: run.fence, next }).then(
      (outcome) => {
        if (outcome.ok && !outcome.isUnread) this.#options.ended(run, next);
      },
      () => {
        this.#isUnsure = true;
        this.wake();
      },
    );
  }

  #over(activation: Activation, end: Next | null): void {
    const { run } = activation;
    if (this.#active.get(run.no) !== activation) return;
    this.#active.delete(run.no);
    if (activation.isWarm) this.#warm.keep(activation);
    if (isSuspect(run.uncleanCount)) this.wake();
    if (end !== null) this.#options.ended(run, end);
    // In batches, so that a long queue needs one poll for many runs.
    if (this.#hasMore && this.#free() >= Math.min(this.#options.heldMax, defaults.leaseBatch) / 2) this.wake();
    if (this.#active.size === 0) {
      if (this.#hasMore) this.wake();
      for (const call of this.#idle.splice(0)) call();
    }
  }

  // --- Stopping ------------------------------------------------------------------------------------------------------

  /**
   * Takes no new runs, lets attempts end for `graceMs`, aborts the rest and hands everything back. An `offending` run
   * keeps its lease and commits nothing more: when the lease expires, this counts as a crash.
   */
  async stop(graceMs: number, offending: number | null = null): Promise<void> {
    this.#isStopping = true;
    this.#stopPoll?.();
    this.#warm.clear();
    const offender = offending === null ? undefined : this.#active.get(offending);
    if (offender !== undefined) {
      this.#hasOffender = true;
      offender.lose();
    }
    for (const activation of [...this.#active.values()]) activation.handBack();
    if (!(await this.#allOver(graceMs))) {
      const reason = new BatonError("stopping", "Baton is stopping");
      for (const activation of this.#active.values()) activation.abortAttempts(reason);
      await this.#allOver(abortGraceMs);
    }
    for (const stop of this.#stops.splice(0)) stop();
    this.#stopWatch?.();
    for (const activation of [...this.#active.values()]) activation.lose();
    if (this.#incarnation !== 0 && !this.#hasOffender)
      await this.#options.store.leave({ incarnation: this.#incarnation });
    this.#incarnation = 0;
  }

  #allOver(ms: number): Promise<boolean> {
    if (this.#active.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stop = this.#options.clock.after(ms, () => resolve(false));
      this.#idle.push(() => {
        stop();
        resolve(true);
      });
    });
  }
}

/** An unavailable store is not polled more often than this, whatever else fails meanwhile. */
const leaseRetryMs = 200;
/** Delay until a run that no worker can serve is tried again; a worker that joins tries at once. */
const noWorkerDelayMs = 30_000;
/** Grace for code that honours its signal. */
const abortGraceMs = 500;

function crashLoop(run: LeasedRun): Next {
  const deaths = chargedDeaths(run.uncleanCount);
  const error: ErrorRecord = {
    name: "CrashLoopError",
    code: "crash-loop",
    message: `the process crashed ${deaths} times in a row while this was the only suspected run on it`,
  };
  return { state: "failed", error, fingerprint: fingerprintOf(run.definition.name, null, error), step: null };
}
