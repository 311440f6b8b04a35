import { BatonError, StoreError } from "../kernel/model/errors.ts";
import type { RunFlow } from "../kernel/model/flow.ts";
import type { Journal } from "../kernel/model/journal.ts";
import { type Advance, type Outcome, settledEntry, type Transition } from "../kernel/model/transition.ts";
import type { Leasing } from "../kernel/ports/store.ts";
import type { Intercept, StoreOperation } from "../stores/intercepted.ts";
import { safeguards as productSafeguards, type StoreSafeguards } from "../stores/sql/safeguards.ts";
import { lookAgain } from "../stores/sql/waits.ts";
import type { SqliteCore } from "../stores/sqlite/core.ts";
import { perform } from "../stores/sqlite/database.ts";
import { MemoryStore, openMemoryCore } from "../stores/sqlite/memory-store.ts";
import type { Chance } from "./chance.ts";
import { type Faults, noFaults } from "./faults.ts";
import type { HistoryLog } from "./history.ts";
import type { Mutant } from "./mutants.ts";
import { SimProcess } from "./process.ts";
import type { Rollout } from "./rollout.ts";
import { type Signal, signalName } from "./routing.ts";
import type { Scheduler } from "./scheduler.ts";
import { type ScheduleSetup, withoutFires, withRandomFireKeys } from "./schedules.ts";
import type { World } from "./world.ts";

/** How long a caller waits for an answer that was lost, ms. */
const answerTimeoutMs = 700;

/**
 * Several processes over one real store in memory, and everything that can go wrong between them. In seeds with
 * snapshot reads a commit takes time between its first read and its writes, as on a server database: its fence must be
 * checked under the run's lock, and a new wait checked for events again after its commit.
 */
export class Cluster {
  readonly core: SqliteCore;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #history: HistoryLog;
  readonly #mutant: Mutant | null;
  readonly #scheduleSetup: ScheduleSetup | null;
  readonly #rollout: Rollout | null;
  readonly #hasSignals: boolean;
  readonly #warmFrom: number;
  readonly #repaired = new Set<string>();
  readonly #world: World;
  #faults: Faults;
  #processes: SimProcess[] = [];
  /** The newest advance of each run. */
  readonly #newest = new Map<number, Transition>();
  #lastProcess = 0;
  #caller: SimProcess | null = null;
  #forcedHolder: boolean | null = null;
  #isEventCheckSkipped = false;
  #batch: {
    transition: Transition;
    done: (reply: { outcome: Outcome } | { error: StoreError }) => void;
    isCopy: boolean;
  }[] = [];

  constructor(parts: {
    scheduler: Scheduler;
    chance: Chance;
    history: HistoryLog;
    world: World;
    faults: Faults;
    mutant: Mutant | null;
    scheduleSetup?: ScheduleSetup | null;
    rollout?: Rollout | null;
    hasSignals?: boolean;
    warmFrom?: number;
  }) {
    this.#hasSignals = parts.hasSignals ?? false;
    this.#warmFrom = parts.warmFrom ?? Number.POSITIVE_INFINITY;
    this.#scheduleSetup = parts.scheduleSetup ?? null;
    this.#rollout = parts.rollout ?? null;
    this.#scheduler = parts.scheduler;
    this.#chance = parts.chance;
    this.#history = parts.history;
    this.#world = parts.world;
    this.#faults = parts.faults;
    this.#mutant = parts.mutant;
    this.core = openMemoryCore({ now: () => this.#scheduler.now, safeguards: this.#safeguards() });
  }

  #safeguards(): StoreSafeguards {
    const base: StoreSafeguards = { ...productSafeguards, ...this.#mutant?.storeSafeguards };
    return {
      ...base,
      isHolder: (live, fence) => this.#forcedHolder ?? base.isHolder(live, fence),
      looksBack: () => base.looksBack() && !this.#isEventCheckSkipped,
      isExpired: (expiresAt, now) =>
        base.isExpired(expiresAt, this.#mutant?.usesLocalClock ? now + (this.#caller?.skewMs ?? 0) : now),
    };
  }

  // --- Processes --------------------------------------------------------------------------------------------------------

  boot(): void {
    this.#lastProcess += 1;
    const process = new SimProcess(
      {
        id: this.#lastProcess,
        scheduler: this.#scheduler,
        chance: this.#chance.fork(),
        store: new MemoryStore(this.core, { publish: (hint) => this.#spreadHint(hint), subscribe: () => () => {} }),
        skewMs: this.#faults.skewMs === 0 ? 0 : this.#chance.between(-this.#faults.skewMs, this.#faults.skewMs),
        neverPolls: this.#mutant?.neverPolls ?? false,
        warmFrom: this.#warmFrom,
        hasNoLimits: this.#mutant?.hasNoLimits ?? false,
        safeguards: this.#mutant?.engineSafeguards ?? {},
        scheduleSetup: this.#scheduleSetup,
        rollout: this.#rollout,
        outside: (self) => ({
          act: (run, key, attempt) => this.#world.act(run, key, attempt),
          crash: () => {
            this.crash(self);
            return new Promise(() => {});
          },
          reject: (run, step) => self.rejectIn(run, step),
          isRepaired: (run) => this.#repaired.has(run),
          variant: () => (self.id % 2 === 0 ? "good" : "bad"),
        }),
        evaluate: this.#hasSignals ? (self, signal) => this.#evaluate(self, signal) : null,
        started: (self, run, key, attempt) =>
          this.#history.add({
            type: "start",
            process: self.id,
            run: run.id,
            key,
            number: attempt.number,
            fence: run.fence,
            idempotencyKey: attempt.idempotencyKey,
          }),
      },
      (self) => this.#intercept(self),
    );
    this.#processes.push(process);
    this.#history.add({ type: "process", process: process.id, what: "boot" });
    this.#join(process);
    if (this.#faults.pauseEveryMs > 0) this.#planPause(process);
  }

  /** A worker that got no answer when it joined tries again, as its supervisor would. */
  #join(process: SimProcess): void {
    process.engine.start().catch(() => process.later(200, () => this.#join(process)));
  }

  #planPause(process: SimProcess): void {
    this.#scheduler.after(this.#chance.between(1, 2 * this.#faults.pauseEveryMs), () => {
      if (!process.isAlive || this.#faults.pauseEveryMs === 0) return;
      const ms = this.#chance.between(100, 4_000);
      this.#history.add({ type: "process", process: process.id, what: `pause ${ms}` });
      process.pause(ms);
      this.#planPause(process);
    });
  }

  crash(process: SimProcess): void {
    if (!process.isAlive) return;
    process.isAlive = false;
    this.#processes = this.#processes.filter((each) => each !== process);
    this.#history.add({ type: "process", process: process.id, what: "crash" });
    this.#scheduler.after(this.#chance.between(50, 1_500), () => this.boot());
  }

  #evaluate(process: SimProcess, { id, kind }: Signal): Promise<void> {
    const record = (what: "begin" | "end" | "crash"): void => {
      const row = this.core.db.get<{ tries: number; tried_by: number | null }>(
        "select tries, tried_by from events where name = ? and id = ?",
        signalName,
        id,
      );
      const { tries = 0, tried_by: holder = null } = row ?? {};
      const isHolder = holder === process.engine.incarnation;
      this.#history.add({ type: "evaluate", process: process.id, event: id, what, tries, isHolder });
    };
    record("begin");
    return new Promise((resolve) => {
      if (kind === "stuck") return;
      process.later(this.#chance.between(0, 30), () => {
        record(kind === "poison" ? "crash" : "end");
        if (kind === "poison") this.crash(process);
        else resolve();
      });
    });
  }

  /** Any running process, or null between a crash and a restart. */
  anyProcess(): SimProcess | null {
    return this.#processes.length === 0 ? null : this.#chance.pick(this.#processes);
  }

  repair(run: string): void {
    this.#repaired.add(run);
  }

  heal(): void {
    this.#faults = { ...noFaults, hasSnapshotReads: this.#faults.hasSnapshotReads };
    this.#world.faults = this.#faults;
    this.#rollout?.heal();
  }

  #spreadHint(hint: Parameters<SimProcess["hint"]>[0]): void {
    for (const process of this.#processes) {
      if (this.#chance.happens(this.#faults.hintLoss)) continue;
      process.later(this.#chance.between(0, 20), () => process.hint(hint));
    }
  }

  // --- Calls ------------------------------------------------------------------------------------------------------------

  #intercept(process: SimProcess): Intercept {
    return <T>(operation: StoreOperation, call: () => Promise<T>, subject?: Transition) =>
      new Promise<T>((resolve, reject) => {
        const unknown = (): void => {
          process.later(answerTimeoutMs, () => reject(new StoreError("unknown-outcome", "no answer came")));
        };
        if (this.#chance.happens(this.#faults.lostRequest)) return unknown();
        const travel =
          this.#chance.between(0, 3) + (this.#chance.happens(this.#faults.slow) ? this.#chance.between(200, 2_500) : 0);
        this.#scheduler.after(travel, () => {
          if (this.#chance.happens(this.#faults.crashBefore)) this.crash(process);
          // Few of them are late enough to do harm, so the planted bug gets more of them.
          const duplicated = this.#mutant?.acceptsLateBatches ? 0.6 : this.#faults.duplicated;
          if (subject !== undefined && this.#chance.happens(duplicated)) this.#deliverAgain(subject);
          this.#apply(process, operation, call, subject, (settle) => {
            if (this.#chance.happens(this.#faults.crashAfter)) this.crash(process);
            if (this.#chance.happens(this.#faults.lostAnswer)) return unknown();
            process.later(this.#chance.between(0, 3), () => settle(resolve as (value: unknown) => void, reject));
          });
        });
      });
  }

  /** The second answer is dropped. */
  #deliverAgain(transition: Transition): void {
    this.#scheduler.after(this.#chance.between(0, 1_500), () => this.#commit(transition, () => {}, true));
  }

  /**
   * A batch written after a later batch of the same sender is refused by its number, as `baton_commit` does; the
   * planted bug accepts it.
   */
  #isLate(transition: Transition): boolean {
    if (transition.kind !== "advance" || this.#mutant?.acceptsLateBatches) return false;
    return this.#newest.get(transition.run) !== transition;
  }

  #apply(
    process: SimProcess,
    operation: StoreOperation,
    call: () => Promise<unknown>,
    subject: Transition | undefined,
    answer: (settle: (resolve: (value: unknown) => void, reject: (error: Error) => void) => void) => void,
  ): void {
    if (subject !== undefined) {
      this.#commit(subject, (reply) =>
        answer((resolve, reject) => ("error" in reply ? reject(reply.error) : resolve(reply.outcome))),
      );
      return;
    }
    this.#caller = process;
    const heldBefore = operation === "lease" ? this.#allHeld() : [];
    call().then(
      (value) => {
        this.#recordFreed(heldBefore);
        this.#recordFacts(process, operation, value);
        const seen = this.#applyReadBug(operation, value);
        answer((resolve) => resolve(seen));
      },
      (error: Error) => answer((_resolve, reject) => reject(error)),
    );
  }

  #allHeld(): readonly Held[] {
    return this.core.db.all(
      "select l.run, l.fence, l.holder from live l join workers w on w.incarnation = l.holder where w.is_dead = 0 and w.expires_at > ?",
      this.#scheduler.now,
    );
  }

  /** Runs that a live worker gave back because it did not have them: it was not declared dead for that. */
  #recordFreed(before: readonly Held[]): void {
    for (const { run, fence, holder } of before) {
      const now = this.core.db.get<{ fence: number }>("select fence from live where run = ?", run)?.fence;
      if (now === undefined || now === fence) continue;
      const isAlive = this.core.db.get("select 1 from workers where incarnation = ? and is_dead = 0", holder);
      if (isAlive !== undefined) this.#history.add({ type: "leave", run, fence, state: "freed" });
    }
  }

  #recordFacts(process: SimProcess, operation: StoreOperation, value: unknown): void {
    if (operation === "lease") {
      const { runs } = value as Leasing;
      for (const run of runs)
        this.#history.add({ type: "claim", run: run.no, fence: run.fence, worker: this.#workerOf(run.no) });
    }
    this.#recordOverLimit();
    if (operation === "beat")
      this.#history.add({ type: "beat", worker: process.id, isAlive: (value as { isAlive: boolean }).isAlive });
  }

  /** Records when more runs are leased than a key allows. Derived from the runs' needs, not from their slots. */
  #recordOverLimit(): void {
    const flows = this.core.db.all<{ flow: string }>(
      "select r.flow from live l join runs r on r.no = l.run where l.state = 1 and r.flow is not null",
    );
    const needs = flows.flatMap(({ flow }) => (JSON.parse(flow) as RunFlow).slots ?? []);
    for (const [key, [first, ...rest]] of Map.groupBy(needs, (need) => need.key)) {
      if (first !== undefined && rest.length + 1 > first.limit)
        this.#history.add({ type: "over", key, limit: first.limit, active: rest.length + 1 });
    }
  }

  #workerOf(run: number): number {
    return this.core.db.get<{ holder: number }>("select holder from live where run = ?", run)?.holder ?? 0;
  }

  /** Changes a true answer as the planted bug would. */
  #applyReadBug(operation: StoreOperation, value: unknown): unknown {
    if (operation === "beat" && this.#mutant?.neverPolls) return { ...(value as object), arrivals: [] };
    if (operation === "lease" && this.#mutant?.neverPolls) return { ...(value as Leasing), nextReadyAt: null };
    if (operation === "load" && value !== null) {
      const journal = value as Journal;
      if (this.#mutant?.journal !== undefined) return this.#mutant.journal(journal);
      if (this.#mutant?.forgetsJournal) return { ...journal, entries: [] };
      if (this.#mutant?.replaysByCall) {
        const seqs = journal.entries.map((entry) => entry.seq);
        const byCall = journal.entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
        return { ...journal, entries: byCall.map((entry, i) => ({ ...entry, seq: seqs[i] ?? entry.seq })) };
      }
    }
    return value;
  }

  // --- Commits ----------------------------------------------------------------------------------------------------------

  #commit(
    transition: Transition,
    done: (reply: { outcome: Outcome } | { error: StoreError }) => void,
    isCopy = false,
  ): void {
    if (this.#faults.hasSnapshotReads && transition.kind === "advance")
      return this.#commitLater(transition, done, isCopy);
    this.#batch.push({ transition, done, isCopy });
    if (this.#batch.length === 1) this.#scheduler.after(this.#chance.between(0, 4), () => this.#flush());
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    const kept = this.#mutant?.dropsFromBatch ? keepLastOfEachRun(batch.map((each) => each.transition)) : null;
    for (const { transition, done, isCopy } of batch) {
      if (isCopy && this.#isLate(transition)) continue;
      if (kept !== null && !kept.has(transition)) {
        const outcome: Outcome = { ok: true, at: this.core.context.clock.now(), isUnread: false };
        this.#recordCommit(transition, outcome);
        done({ outcome });
      } else done(this.#write(transition));
    }
  }

  /** A commit on a server database: its first statements read a snapshot, its writes follow a while later. */
  #commitLater(
    transition: Advance,
    done: (reply: { outcome: Outcome } | { error: StoreError }) => void,
    isCopy: boolean,
  ): void {
    const wasHeld = this.#isHeld(transition);
    const eventsSeen = this.#lastEvent();
    const delay = this.#chance.happens(0.1) ? this.#chance.between(200, 2_000) : this.#chance.between(0, 60);
    this.#scheduler.after(delay, () => {
      if (isCopy && this.#isLate(transition)) return;
      if (this.#mutant?.checksFenceEarly) this.#forcedHolder = wasHeld && this.#isLive(transition.run);
      this.#isEventCheckSkipped = true;
      const reply = this.#write(transition);
      this.#isEventCheckSkipped = false;
      this.#forcedHolder = null;
      // A check in the same snapshot sees only what was committed when the snapshot was taken; the second check sees
      // the rest.
      const missesEvent = this.#mutant?.skipsSecondCheck && this.#lastEvent() !== eventsSeen;
      if (!missesEvent && (transition.opens?.length ?? 0) > 0)
        this.#scheduler.after(this.#chance.between(0, 10), () => this.#checkEventsAgain(transition.run));
      done(reply);
    });
  }

  #checkEventsAgain(run: number): void {
    const { context, db } = this.core;
    db.transaction(() => perform(lookAgain(context, run, context.clock.now())));
    const hint = this.core.takeHint();
    if (hint !== null) this.#spreadHint(hint);
  }

  #isHeld(advance: Advance): boolean {
    return productSafeguards.isHolder(
      this.core.db.get("select state, fence from live where run = ?", advance.run),
      advance.fence,
    );
  }

  #isLive(run: number): boolean {
    return this.core.db.get("select 1 from live where run = ?", run) !== undefined;
  }

  #lastEvent(): number {
    return this.core.db.get<{ n: number | null }>("select max(no) as n from events")?.n ?? 0;
  }

  #write(transition: Transition): { outcome: Outcome } | { error: StoreError } {
    if (transition.kind === "advance") this.#newest.set(transition.run, transition);
    const [reply] = this.core.commit([this.#applyTransitionBug(transition)]);
    const hint = this.core.takeHint();
    if (hint !== null) this.#spreadHint(hint);
    if (reply === undefined) return { error: new StoreError("corrupt", "no reply") };
    if ("error" in reply)
      throw new BatonError("store", `the store refused ${JSON.stringify(transition)}`, { cause: reply.error });
    this.#recordCommit(transition, reply.outcome);
    return reply;
  }

  #applyTransitionBug(transition: Transition): Transition {
    if (this.#mutant?.transition !== undefined) return this.#mutant.transition(transition);
    if (this.#mutant?.forgetsScheduledTime) return withRandomFireKeys(transition, this.#chance);
    if (this.#mutant?.advancesFirst) return withoutFires(transition, this.#chance);
    if (!this.#mutant?.tearsTransitions || transition.kind !== "advance" || !this.#chance.happens(0.04))
      return transition;
    const { kind, run, fence, entries } = transition;
    return { kind, run, fence, ...(entries === undefined ? {} : { entries }) };
  }

  #recordCommit(transition: Transition, outcome: Outcome): void {
    if (transition.kind === "start") this.#recordOverLimit();
    if (transition.kind === "start" && outcome.ok && "isLeased" in outcome && outcome.isLeased) {
      this.#history.add({
        type: "claim",
        run: outcome.run.no,
        fence: outcome.run.fence,
        worker: this.#workerOf(outcome.run.no),
      });
    }
    if (transition.kind === "move" && outcome.ok)
      this.#history.add({ type: "move", run: transition.run, version: transition.to.version });
    if (transition.kind !== "advance") return;
    const { run, fence } = transition;
    if (!outcome.ok) {
      if (outcome.why !== "stale") return;
      this.#history.add({ type: "stale", run, fence });
      return this.#applyStaleBug(transition);
    }
    const diverted = "diverted" in outcome ? outcome.diverted : undefined;
    for (const entry of (transition.entries ?? []).map((each) => settledEntry(each, diverted ?? []))) {
      this.#history.add({
        type: "commit",
        run,
        fence,
        key: entry.key,
        seq: entry.seq,
        outcome: entry.outcome,
        value: entry.value,
      });
    }
    for (const attempt of transition.attempts ?? []) {
      this.#history.add({
        type: "attempt",
        run,
        key: attempt.key,
        number: attempt.number,
        outcome: attempt.outcome,
        charged: attempt.charged,
      });
    }
    if (transition.next === undefined || !("isUnread" in outcome)) return;
    if (!outcome.isUnread) this.#history.add({ type: "leave", run, fence, state: transition.next.state });
    // A cancel that arrived as the run failed: the next holder runs the compensation.
    else if (!this.#isHeld(transition)) this.#history.add({ type: "leave", run, fence, state: "freed" });
  }

  #applyStaleBug(transition: Advance): void {
    const { db } = this.core;
    const state = transition.next?.state;
    if (state !== "completed" && state !== "failed" && state !== "cancelled") return;
    if (this.#mutant?.endsTwice) {
      const { changes } = db.run("update runs set ended = ? where no = ? and ended is not null", state, transition.run);
      if (changes > 0) this.#history.add({ type: "leave", run: transition.run, fence: transition.fence, state });
    }
    if (this.#mutant?.countsStale) db.run("update counters set count = count + 1 where status = ?", state);
  }
}

interface Held extends Record<string, unknown> {
  readonly run: number;
  readonly fence: number;
  readonly holder: number;
}

function keepLastOfEachRun(batch: readonly Transition[]): ReadonlySet<Transition> {
  const last = new Map<number, Transition>();
  const kept = new Set<Transition>();
  for (const transition of batch) {
    if (transition.kind === "advance") last.set(transition.run, transition);
    else kept.add(transition);
  }
  for (const transition of last.values()) kept.add(transition);
  return kept;
}
