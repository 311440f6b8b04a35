import { fingerprintOf, recordError } from "../decide/failure.ts";
import { BatonError, type StoreError } from "../model/errors.ts";
import type { Arrival, Entry, Journal, Request } from "../model/journal.ts";
import { defaults } from "../model/limits.ts";
import type { Reason } from "../model/reason.ts";
import type { DefinitionRef, LeasedRun } from "../model/run.ts";
import type { Advance, AdvanceOutcome, LogLine, Next, Showing, StartRun, WaitOpening } from "../model/transition.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Store, TxClient } from "../ports/store.ts";
import type { Ask, Desk, Draft, Extras, OpenWait } from "./ask.ts";
import type { Attempt } from "./attempt.ts";
import { EffectAsk, type EffectSpec } from "./effect-ask.ts";
import type { Handler } from "./handler.ts";
import { type History, noHistory, type PastEntry, readHistory } from "./history.ts";
import type { Pump, Turning } from "./pump.ts";
import { Scope } from "./scope.ts";
import { encodeWithin, StepAsk, type StepSpec } from "./step-ask.ts";
import type { Timeline } from "./timeline.ts";
import { WaitAsk, type WaitSpec } from "./wait-ask.ts";

/** What an activation needs of its worker. */
export interface Host {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly pump: Pump;
  readonly timeline: Timeline;
  readonly keepMs: number;
  readonly cancelGraceMs: number;
  readonly storeRetryMs: number;
  within<T>(run: LeasedRun, key: string | null, attempt: Attempt | null, work: () => T): T;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** This activation is over: parked, at rest, handed back or lost. */
  over(activation: Activation, end: Next | null): void;
}

/** A result that is being recorded: the code gets it in its order, after its commit. */
interface Fresh {
  readonly ask: Ask;
  readonly entry: Entry;
  at: number | null;
  isVoid: boolean;
}

type Halt = { readonly next: Next; readonly read: readonly number[] };

/**
 * One leased run in memory: its code, what the code has asked for, and the order in which it gets its answers.
 *
 * Invariants. Answers reach the code strictly by `seq`, one a turn, after their commit, live and in replay alike.
 * Nothing new is delivered and nothing begins before the recorded past is used up. After the run is parked, ended, lost
 * or handed back, no promise of this activation ever settles. Dying at any point loses nothing but attempts under way:
 * whoever leases the run next replays the same past to the same place.
 */
export class Activation implements Turning, Desk {
  readonly run: LeasedRun;
  readonly root = new Scope("", null);
  readonly payloadMax: number;
  readonly #handler: Handler;
  readonly #host: Host;
  readonly #asks = new Map<string, Ask>();
  readonly #open = new Set<Ask>();
  readonly #waits = new Map<string, OpenWait>();
  readonly #attempts = new Set<Attempt>();
  readonly #urgent: { ask: Ask; entry: PastEntry }[] = [];
  #history: History = noHistory;
  #position = 0;
  #held: Ask[] = [];
  #isCaughtUp = false;
  #isFrontier = false;
  #isRetryAsked = false;
  #stuckTurns = 0;
  #fresh: Fresh[] = [];
  #freshHead = 0;
  #lastSeq = 0;
  #uncommitted = 0;
  #holds = 0;
  #lastAt: number;
  #opens: { opening: WaitOpening; wait: OpenWait; starts: readonly StartRun[] }[] = [];
  #closes: string[] = [];
  #logs: LogLine[] = [];
  #logCount = 0;
  #arrivals: Arrival[] = [];
  readonly #seenArrivals = new Set<number>();
  #isPulling = false;
  #isParking = false;
  #isEnding = false;
  #halt: Halt | null = null;
  #controller: AbortController | null = null;
  #stopReason: Error | null = null;
  #isOver = false;
  #stopTimer: (() => void) | null = null;

  constructor(run: LeasedRun, handler: Handler, host: Host) {
    this.run = run;
    this.#handler = handler;
    this.#host = host;
    this.#lastAt = run.createdAt;
    this.payloadMax = handler.payloadMax;
  }

  // --- Life ---------------------------------------------------------------------------------------------------------

  /** Runs the code from its beginning over what is recorded. */
  begin(journal: Journal | null): void {
    if (journal !== null) {
      this.#history = readHistory(journal);
      this.#lastSeq = this.#history.lastSeq;
      this.#isFrontier = this.run.isUnclean;
      this.#arrivals.push(...this.#control(journal.arrivals));
      if (this.#halt !== null) return this.#checkHalt();
    } else this.#isCaughtUp = true;
    const input: unknown = this.run.input === null ? undefined : JSON.parse(this.run.input);
    this.#host.within(this.run, null, null, () => {
      this.#handler.execute(this, input).then(
        (output) => this.#end({ output }),
        (error: unknown) => this.#end({ error }),
      );
    });
    this.#host.pump.add(this);
  }

  /** Something has arrived for this run: looks it up. */
  pull(): void {
    if (this.#isOver || this.#isPulling) return;
    this.#isPulling = true;
    this.#host.store.load({ run: this.run.no, fence: this.run.fence, arrivalsOnly: true }).then(
      (journal) => {
        this.#isPulling = false;
        if (this.#isOver) return;
        if (journal === null) return this.lose();
        this.#arrivals.push(...this.#control(journal.arrivals));
        if (this.#halt !== null) this.#checkHalt();
        else this.#host.pump.add(this);
      },
      () => {
        this.#isPulling = false;
        // The next beat names the run again.
      },
    );
  }

  /** Gives the run back when its attempts have ended: nothing is half done. */
  handBack(): void {
    if (!this.#isEnding) this.#haltWith({ state: "ready" }, []);
  }

  /** Aborted when the run is cancelled, or is not this worker's any more. Made when it is first read. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#stopReason !== null) this.#controller.abort(this.#stopReason);
    }
    return this.#controller.signal;
  }

  /** Aborts what still runs, when a grace is over. */
  abortAttempts(reason: Error): void {
    this.#stopReason ??= reason;
    this.#controller?.abort(reason);
    for (const attempt of this.#attempts) attempt.abort(reason);
  }

  /** The run is not held any more: nothing of it counts from here on. */
  lose(): void {
    this.abortAttempts(new BatonError("lease-lost", `run ${this.run.id} is held by another worker now`));
    this.#finish(null);
  }

  get isBusy(): boolean {
    return this.#attempts.size > 0;
  }

  #finish(end: Next | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer?.();
    for (const attempt of this.#attempts) attempt.stopTimer?.();
    this.#host.over(this, end);
  }

  // --- What the layer's context asks for ------------------------------------------------------------------------------

  get definition(): DefinitionRef {
    return this.run.definition;
  }

  /** Store time of the last answer that the code has received. */
  get lastAt(): number {
    return this.#lastAt;
  }

  step(spec: StepSpec): Promise<unknown> {
    return new Promise((resolve, reject) => this.#ask(new StepAsk(spec, this, resolve, reject)));
  }

  wait(spec: WaitSpec): Promise<unknown> {
    return new Promise((resolve, reject) => this.#ask(new WaitAsk(spec, this, resolve, reject)));
  }

  effect(spec: EffectSpec): Promise<unknown> {
    return new Promise((resolve, reject) => this.#ask(new EffectAsk(spec, this, resolve, reject)));
  }

  /** A lost branch: what it awaits is aborted, and what it asks later never settles. */
  closeScope(scope: Scope): void {
    scope.close();
    const reason = new BatonError("race-lost", "another branch of the race was first");
    for (const ask of this.#open) if (ask.scope.isClosed) ask.abort(reason);
  }

  log(line: LogLine): void {
    if (this.#logCount >= defaults.logLinesMax || this.#isOver) return;
    this.#logCount += 1;
    this.#logs.push(line);
  }

  /** Keeps lines of code between steps; those of replays were kept the first time. */
  logOutside(line: LogLine): void {
    if (this.#isCaughtUp) this.log(line);
  }

  #ask(ask: Ask): void {
    if (this.#isOver || this.#isEnding || ask.scope.isClosed) return;
    if (this.#lastSeq >= defaults.stepsMax) {
      return this.#end({
        error: new BatonError("limit", `run ${this.run.id} has recorded ${defaults.stepsMax} steps`, {
          hint: "split it into child runs",
        }),
      });
    }
    this.#asks.set(ask.key, ask);
    const past = this.#history.byKey.get(ask.key);
    if (past === undefined) {
      if (this.#isCaughtUp && this.#halt === null) this.#beginAsk(ask);
      else this.#held.push(ask);
      return;
    }
    if (past.kind !== ask.kind)
      return this.#diverge(`"${ask.key}" was recorded as ${past.kind} and is asked for as ${ask.kind}`);
    if (past.isOptional) {
      this.#urgent.push({ ask, entry: past });
      this.#urgent.sort((a, b) => a.entry.seq - b.entry.seq);
    }
    this.#host.pump.add(this);
  }

  #beginAsk(ask: Ask): void {
    this.#open.add(ask);
    ask.begin();
  }

  // --- Turns ----------------------------------------------------------------------------------------------------------

  /** At most one answer for the code. True when there may be another in the next turn. */
  turn(): boolean {
    if (this.#isOver || this.#isEnding || this.#halt !== null || this.#isParking) return false;
    if (this.#deliverPast()) return true;
    if (!this.#isCaughtUp) return this.#catchUp();
    if (this.#deliverFresh()) return true;
    this.#takeArrivals();
    this.#settleDown();
    return false;
  }

  #deliverPast(): boolean {
    const urgent = this.#urgent.shift();
    if (urgent !== undefined) {
      this.#deliver(urgent.ask, urgent.entry, urgent.entry.at);
      return true;
    }
    const { entries } = this.#history;
    while (entries[this.#position]?.isOptional) this.#position += 1;
    const entry = entries[this.#position];
    const ask = entry === undefined ? undefined : this.#asks.get(entry.key);
    if (entry === undefined || ask === undefined) return false;
    this.#position += 1;
    this.#stuckTurns = 0;
    this.#deliver(ask, entry, entry.at);
    return true;
  }

  /** The past is used up, or the code has not asked for its next part: then it gets a little time and no more. */
  #catchUp(): boolean {
    const next = this.#history.entries[this.#position];
    if (next === undefined) {
      this.#isCaughtUp = true;
      const held = this.#held;
      this.#held = [];
      for (const ask of held) if (!ask.scope.isClosed && this.#halt === null) this.#beginAsk(ask);
      this.#isFrontier = false;
      return true;
    }
    this.#stuckTurns += 1;
    if (this.#stuckTurns > stuckTurnsMax) {
      this.#diverge(`"${next.key}" was recorded and the code did not ask for it`);
      return false;
    }
    // Code may await something of its own between steps, such as an import: it is waited for outside the turns.
    if (this.#stuckTurns > 3) {
      this.#host.clock.after(stuckMs, () => this.#host.pump.add(this));
      return false;
    }
    return true;
  }

  #deliverFresh(): boolean {
    while (this.#fresh[this.#freshHead]?.isVoid) this.#freshHead += 1;
    const fresh = this.#fresh[this.#freshHead];
    if (fresh === undefined || fresh.at === null) return false;
    this.#freshHead += 1;
    if (this.#freshHead > 64 && this.#freshHead * 2 > this.#fresh.length) {
      this.#fresh = this.#fresh.slice(this.#freshHead);
      this.#freshHead = 0;
    }
    this.#deliver(fresh.ask, fresh.entry, fresh.at);
    return true;
  }

  #deliver(ask: Ask, entry: Entry, at: number): void {
    this.#lastAt = at;
    this.#open.delete(ask);
    if (!ask.scope.isClosed) ask.settle(entry);
  }

  // --- Recording ------------------------------------------------------------------------------------------------------

  record(ask: Ask, draft: Draft, extras: Extras = {}): void {
    if (this.#isOver || this.#isEnding) return;
    this.#lastSeq += 1;
    const entry: Entry = { seq: this.#lastSeq, key: ask.key, kind: ask.kind, ...draft };
    const fresh: Fresh = { ask, entry, at: null, isVoid: false };
    this.#fresh.push(fresh);
    const wait = this.#waits.get(ask.key);
    if (wait !== undefined) this.#waits.delete(ask.key);
    this.#send({ entries: [entry], ...extras }, (outcome) => {
      if (outcome.ok) {
        fresh.at = outcome.at;
        this.#host.pump.add(this);
        return;
      }
      // An event came before the time-out was recorded: it goes first, so the time-out never was.
      fresh.isVoid = true;
      if (wait !== undefined) this.#waits.set(ask.key, Object.assign(wait, { dueAt: null }));
      this.pull();
    });
  }

  commit(extras: Extras): Promise<Extract<AdvanceOutcome, { ok: true }>> {
    return new Promise((resolve) => {
      this.#send(extras, (outcome) => {
        if (!outcome.ok) return;
        resolve(outcome);
        this.#host.pump.add(this);
      });
    });
  }

  /** Sends one advance. A store that is away is asked again while the lease holds: a finished step never runs again for it. */
  #send(parts: Partial<Advance>, done: (outcome: AdvanceOutcome) => void): void {
    const advance: Advance = { kind: "advance", run: this.run.no, fence: this.run.fence, ...parts };
    this.#uncommitted += 1;
    const attempt = (): void => {
      this.#host.store.commit(advance).then(
        (outcome) => {
          if (this.#isOver) return;
          this.#uncommitted -= 1;
          if (!outcome.ok && outcome.why === "stale") return this.lose();
          if (outcome.ok) this.#host.timeline.observe(outcome.at);
          done(outcome);
          if (this.#halt !== null) this.#checkHalt();
        },
        (error: StoreError) => {
          if (this.#isOver) return;
          this.#host.warn("the store did not take a transition; it is offered again", {
            run: this.run.id,
            code: error.code,
            error: error.message,
          });
          this.#host.clock.after(this.#host.storeRetryMs, () => {
            if (!this.#isOver) attempt();
          });
        },
      );
    };
    attempt();
  }

  /** The place in the run's order is taken before the work begins: what is recorded meanwhile is delivered after it. */
  async transact<T>(work: (db: TxClient) => Promise<T>, draft: (value: T) => Draft, ask: Ask): Promise<void> {
    this.#lastSeq += 1;
    const place = { seq: this.#lastSeq, key: ask.key, kind: ask.kind } as const;
    const fresh = {
      ask,
      entry: { ...place, outcome: "ok", value: null, input: null, attempts: 1, tookMs: 0 } as Entry,
      at: null as number | null,
      isVoid: false,
    };
    this.#fresh.push(fresh);
    try {
      const { outcome } = await this.#host.store.transact(
        { run: this.run.no, fence: this.run.fence, limitMs: txLimitMs },
        work,
        (value) => {
          fresh.entry = { ...place, ...draft(value) };
          return { kind: "advance", run: this.run.no, fence: this.run.fence, entries: [fresh.entry] };
        },
      );
      if (!outcome.ok) return this.lose();
      fresh.at = outcome.at;
    } catch (error) {
      fresh.isVoid = true;
      throw error;
    } finally {
      this.#host.pump.add(this);
    }
  }

  // --- Waits ----------------------------------------------------------------------------------------------------------

  openWait(opening: WaitOpening, ask: Ask, onDue: () => void, starts: readonly StartRun[] = []): void {
    const wait: OpenWait = { key: opening.key, kind: opening.kind, dueAt: undefined, ask, onDue };
    this.#waits.set(wait.key, wait);
    this.#opens.push({ opening, wait, starts });
    this.#host.pump.add(this);
  }

  resumeWait(wait: OpenWait): void {
    if (this.#isRetryAsked && wait.kind === "retry") wait.dueAt = 0;
    this.#waits.set(wait.key, wait);
    this.#host.pump.add(this);
  }

  closeWait(key: string, isRegistered = false): void {
    this.#host.pump.add(this);
    if (!this.#waits.delete(key)) {
      if (isRegistered) this.#closes.push(key);
      return;
    }
    const unsent = this.#opens.findIndex((each) => each.wait.key === key);
    if (unsent >= 0) this.#opens.splice(unsent, 1);
    else this.#closes.push(key);
  }

  /** What has arrived goes to the waits that it is for. */
  #takeArrivals(): void {
    if (this.#arrivals.length === 0) return;
    this.#arrivals = this.#arrivals.filter((arrival) => {
      const wait = arrival.key === null ? undefined : this.#waits.get(arrival.key);
      if (wait?.ask.arrive === undefined || wait.dueAt === undefined) return true;
      wait.ask.arrive(arrival);
      return false;
    });
  }

  /** Nothing to deliver: registers new waits, and parks when only waits are left and none ends soon. */
  #settleDown(): void {
    if (this.#waits.size === 0 && this.#closes.length === 0) return;
    const isQuiet =
      this.#attempts.size === 0 &&
      this.#uncommitted === 0 &&
      this.#holds === 0 &&
      this.#freshHead >= this.#fresh.length;
    const now = this.#host.timeline.now();
    const nearest = this.#nearestDue(now);
    if (isQuiet && this.#waits.size > 0 && nearest - now > this.#host.keepMs) return this.#park();
    this.#flushWaits();
    this.#armTimer(nearest, now);
  }

  #nearestDue(now: number): number {
    let nearest = Number.POSITIVE_INFINITY;
    for (const wait of this.#waits.values()) if (wait.dueAt != null && wait.dueAt < nearest) nearest = wait.dueAt;
    for (const { opening } of this.#opens) {
      const due = opening.dueAt ?? (opening.dueInMs === undefined ? Number.POSITIVE_INFINITY : now + opening.dueInMs);
      if (due < nearest) nearest = due;
    }
    return nearest;
  }

  #flushWaits(): void {
    if (this.#opens.length === 0 && this.#closes.length === 0) return;
    const { opens, parts } = this.#takeWaits();
    this.#send(parts, (outcome) => {
      if (!outcome.ok) return;
      for (const { opening, wait } of opens)
        wait.dueAt = opening.dueAt ?? (opening.dueInMs === undefined ? null : outcome.at + opening.dueInMs);
      if (opens.some(({ opening }) => opening.kind !== "timer")) this.pull();
      this.#host.pump.add(this);
    });
  }

  #takeWaits(): { opens: { opening: WaitOpening; wait: OpenWait }[]; parts: Extras } {
    const opens = this.#opens;
    const starts = opens.flatMap((each) => each.starts);
    const parts: Extras = {
      ...(opens.length === 0 ? {} : { opens: opens.map((each) => each.opening) }),
      ...(starts.length === 0 ? {} : { starts }),
      ...(this.#closes.length === 0 ? {} : { closes: this.#closes }),
    };
    this.#opens = [];
    this.#closes = [];
    return { opens, parts };
  }

  #armTimer(nearest: number, now: number): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    if (nearest === Number.POSITIVE_INFINITY) return;
    this.#stopTimer = this.#host.clock.after(Math.max(0, nearest - now), () => this.#fireDue());
  }

  #fireDue(): void {
    if (this.#isOver || this.#halt !== null || this.#isParking || this.#isEnding) return;
    const now = this.#host.timeline.now();
    for (const wait of [...this.#waits.values()]) {
      if (wait.dueAt == null || wait.dueAt > now) continue;
      this.#waits.delete(wait.key);
      if (wait.kind !== "retry") this.#waits.set(wait.key, wait);
      wait.onDue();
    }
    this.#host.pump.add(this);
  }

  /** Lets go of the run until something that it waits for comes. Due waits of a replayed past fire first. */
  #park(): void {
    const strays = this.#arrivals.map((arrival) => arrival.id);
    const unasked = [...this.#history.waits.values()].filter((wait) => !this.#asks.has(wait.key));
    if (unasked.length > 0 && !this.#history.isReopened)
      return this.#diverge(`"${unasked[0]?.key}" is waited for and the code did not ask for it`);
    this.#isParking = true;
    const { opens, parts } = this.#takeWaits();
    const closes = [...(parts.closes ?? []), ...unasked.map((wait) => wait.key)];
    const logs = this.takeLogs();
    const advance = {
      ...parts,
      ...(closes.length === 0 ? {} : { closes }),
      ...(strays.length === 0 ? {} : { read: strays }),
      ...(logs === undefined ? {} : { logs }),
      next: { state: "parked" } as const,
    };
    this.#send(advance, (outcome) => {
      if (outcome.ok && !outcome.isUnread) return this.#finish({ state: "parked" });
      this.#isParking = false;
      this.#arrivals = [];
      if (outcome.ok) {
        for (const { opening, wait } of opens)
          wait.dueAt = opening.dueAt ?? (opening.dueInMs === undefined ? null : outcome.at + opening.dueInMs);
      }
      this.pull();
    });
  }

  hold(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
      if (!this.#isOver) this.#host.pump.add(this);
    };
  }

  // --- Attempts -------------------------------------------------------------------------------------------------------

  attemptStarted(attempt: Attempt): void {
    this.#attempts.add(attempt);
  }

  attemptEnded(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    if (this.#halt !== null) this.#host.clock.soon(() => this.#checkHalt());
  }

  takeLogs(): readonly LogLine[] | undefined {
    if (this.#logs.length === 0) return undefined;
    const logs = this.#logs;
    this.#logs = [];
    return logs;
  }

  /** Shows attempts that have lasted longer than a moment, and their progress. */
  showLongAttempts(showAfterMs: number): void {
    if (this.#isOver || this.#isEnding || this.#attempts.size === 0) return;
    const shows: Showing[] = [];
    for (const attempt of this.#attempts) {
      const isLong = this.#host.clock.mono() - attempt.spec.startedMono >= showAfterMs;
      if (attempt.isShown ? attempt.unshown === null : !isLong) continue;
      shows.push({
        key: attempt.spec.key,
        attempt: attempt.number,
        progress: attempt.unshown?.progress ?? null,
        note: attempt.unshown?.note ?? null,
      });
      attempt.isShown = true;
      attempt.unshown = null;
    }
    if (shows.length > 0) this.#send({ shows }, () => {});
  }

  // --- Ends -----------------------------------------------------------------------------------------------------------

  #end(result: { output: unknown } | { error: unknown }): void {
    if (this.#isOver || this.#isEnding || this.#halt !== null) return;
    const left = this.#history.entries
      .slice(this.#position)
      .find((entry) => !entry.isOptional && !this.#asks.has(entry.key));
    if (left !== undefined) return this.#diverge(`the code ended and "${left.key}" was recorded`);
    this.#isEnding = true;
    const entries = this.#abandonOpen();
    const next = this.#nextOf(result);
    const logs = this.takeLogs();
    this.#send({ ...(entries.length === 0 ? {} : { entries }), ...(logs === undefined ? {} : { logs }), next }, () =>
      this.#finish(next),
    );
  }

  #abandonOpen(): Entry[] {
    const reason = new BatonError("abandoned", "the run ended before this step did");
    const entries: Entry[] = [];
    for (const ask of this.#open) {
      ask.abort(reason);
      const isStep = ask.kind === "step" || ask.kind === "once" || ask.kind === "tx";
      const isRecorded = this.#fresh.some((fresh) => fresh.ask === ask && !fresh.isVoid);
      if (!isStep || isRecorded) continue;
      this.#lastSeq += 1;
      entries.push({
        seq: this.#lastSeq,
        key: ask.key,
        kind: ask.kind,
        outcome: "abandoned",
        value: null,
        input: null,
        attempts: 1,
        tookMs: 0,
      });
    }
    return entries;
  }

  #nextOf(result: { output: unknown } | { error: unknown }): Next {
    if ("output" in result) {
      try {
        return { state: "completed", output: encodeWithin(result.output, this.payloadMax, this.definition.name) };
      } catch (error) {
        return this.#failure(error);
      }
    }
    return this.#failure(result.error);
  }

  #failure(thrown: unknown): Next {
    const step = stepOf(thrown);
    const error = recordError(thrown);
    const record = step === null ? error : { ...error, step };
    return {
      state: "failed",
      error: record,
      fingerprint: fingerprintOf(this.definition.name, step, rootOf(record)),
      step,
    };
  }

  suspend(reason: Reason): void {
    this.#haltWith({ state: "suspended", reason }, []);
  }

  #diverge(detail: string): void {
    this.suspend({
      code: "diverged",
      detail,
      recorded: this.#history.entries.map((entry) => entry.key).slice(0, shownKeysMax),
      asked: [...this.#asks.keys()].slice(0, shownKeysMax),
    });
  }

  /** Requests among what has arrived are carried out; the rest is returned for the waits. */
  #control(arrivals: readonly Arrival[]): Arrival[] {
    const rest: Arrival[] = [];
    for (const arrival of arrivals) {
      if (this.#seenArrivals.has(arrival.id)) {
        if (this.#waits.has(arrival.key ?? "")) rest.push(arrival);
        continue;
      }
      this.#seenArrivals.add(arrival.id);
      switch (arrival.kind) {
        case "event":
        case "child":
          rest.push(arrival);
          break;
        case "cancel":
        case "suspend": {
          const request = JSON.parse(arrival.body ?? "{}") as Request;
          const reason: Reason = { code: "by-person", by: request.actor, why: request.why };
          this.#haltWith(arrival.kind === "cancel" ? { state: "cancelled", reason } : { state: "suspended", reason }, [
            arrival.id,
          ]);
          break;
        }
        case "retry":
          this.#send({ read: [arrival.id] }, () => {});
          this.#isRetryAsked = !this.#isCaughtUp;
          for (const wait of this.#waits.values()) if (wait.kind === "retry") wait.dueAt = 0;
          this.#fireDue();
          break;
      }
    }
    return rest.filter((arrival) => !this.#arrivals.some((known) => known.id === arrival.id));
  }

  /** Stops delivering and beginning; the run is left as `next` says when its attempts have ended. */
  #haltWith(next: Next, read: readonly number[]): void {
    if (this.#isOver || this.#isEnding) return;
    // A cancel outranks what else the run was about to become.
    if (this.#halt !== null && !(next.state === "cancelled" && this.#halt.next.state !== "cancelled")) return;
    this.#halt = { next, read: [...read, ...(this.#halt?.read ?? [])] };
    this.#stopTimer?.();
    if (next.state === "cancelled") {
      const grace = new BatonError("cancelled", `run ${this.run.id} is being cancelled`);
      this.abortAttempts(grace);
      if (this.#attempts.size > 0) this.#host.clock.after(this.#host.cancelGraceMs, () => this.#leave());
    }
    this.#host.clock.soon(() => this.#checkHalt());
  }

  #checkHalt(): void {
    if (this.#halt === null || this.#isOver || this.#isEnding) return;
    if (this.#attempts.size === 0 && this.#uncommitted === 0) this.#leave();
  }

  #leave(): void {
    const halt = this.#halt;
    if (halt === null || this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
    const { parts } = this.#takeWaits();
    const logs = this.takeLogs();
    const advance = {
      ...parts,
      ...(halt.read.length === 0 ? {} : { read: halt.read }),
      ...(logs === undefined ? {} : { logs }),
      next: halt.next,
    };
    this.#send(advance, () => this.#finish(halt.next));
  }

  // --- Desk -----------------------------------------------------------------------------------------------------------

  get history(): History {
    return this.#history;
  }

  get isFrontier(): boolean {
    return this.#isFrontier;
  }

  chance(): number {
    return this.#host.random.float();
  }

  mono(): number {
    return this.#host.clock.mono();
  }

  storeNow(): number {
    return this.#host.timeline.now();
  }

  after(ms: number, call: () => void): () => void {
    return this.#host.clock.after(ms, () => {
      if (!this.#isOver) call();
    });
  }

  within<T>(key: string, attempt: Attempt, work: () => T): T {
    return this.#host.within(this.run, key, attempt, work);
  }
}

/** Turns of waiting for code that awaits something of its own, the first few at once and the rest `stuckMs` apart. */
const stuckTurnsMax = 200;
const stuckMs = 10;
/** On SQLite the whole store waits for a `ctx.tx`. */
const txLimitMs = 50;
const shownKeysMax = 100;

/** The step whose failure reached the end, through whatever wrapped it. */
function stepOf(thrown: unknown, depth = 0): string | null {
  if (typeof thrown !== "object" || thrown === null || depth > 5) return null;
  if ("step" in thrown && typeof thrown.step === "string") return thrown.step;
  if ("errors" in thrown && Array.isArray(thrown.errors)) return stepOf(thrown.errors[0], depth + 1);
  return "cause" in thrown ? stepOf(thrown.cause, depth + 1) : null;
}

/** What a step failed with, rather than that it failed: the cause tells failures apart. */
function rootOf(error: ReturnType<typeof recordError>): ReturnType<typeof recordError> {
  return (error.code === "step-failed" || error.name === "ChildFailedError") && error.cause !== undefined
    ? error.cause
    : error;
}
