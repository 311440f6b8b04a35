import { flattenMatch } from "../kernel/decide/match.ts";
import type { RetryPolicy } from "../kernel/decide/retry.ts";
import type { Activation } from "../kernel/engine/activation.ts";
import { createLog, type StepAttempt, type StepLog } from "../kernel/engine/attempt.ts";
import type { StartOptions } from "../kernel/engine/handler.ts";
import { encodePayload } from "../kernel/engine/payload.ts";
import type { Scope } from "../kernel/engine/scope.ts";
import { refuseLeaks } from "../kernel/engine/vault.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { undoPrefix } from "../kernel/model/journal.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { LeasedRun } from "../kernel/model/run.ts";
import { hasSealed } from "../kernel/model/sealed.ts";
import type { StartRun } from "../kernel/model/start-run.ts";
import type { TxClient } from "../kernel/ports/store.ts";
import { type Duration, parseDuration } from "../stdx/duration.ts";
import { hash53Number } from "../stdx/hash.ts";
import { encode } from "../stdx/json.ts";
import { parseTimestamp, timestampHint } from "../stdx/timestamp.ts";
import type { AnyWorkflow, Workflow } from "./definition.ts";
import { type ItemFailure, type MapOptions, mapItems } from "./map.ts";
import { checkName, retryPolicy, type StepOptions, type Undo, undoSpec } from "./options.ts";

export interface WaitOptions {
  /** Scalars at paths of the event's data, compared by value and type: `{ dealId: 8841 }` does not match `"8841"`. */
  match?: Readonly<Record<string, unknown>>;
  /** After this time the wait returns null. */
  timeout?: Duration;
  /**
   * Accepts events that arrived up to this long before the wait, even before the run. Default: events since the run's
   * start.
   */
  lookback?: Duration;
  /** The received event is sealed at rest and masked wherever it is shown. */
  sensitive?: boolean;
  key?: string;
}

/** An event as returned by a wait. */
export interface ReceivedEvent<T = unknown> {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  /** When the store accepted it, in ms. */
  readonly at: number;
  readonly data: T;
}

/** Options of a child run: `key` replaces the operation's name, `businessKey` is the child's business key. */
export interface ChildOptions extends Pick<StartOptions, "idempotencyKey" | "priority" | "attributes"> {
  key?: string;
  businessKey?: string;
  /**
   * How to undo a completed child when this run is compensated: `compensate` compensates the child run, a function
   * undoes the call's result. Without it a completed child is not undone. A running child is always cancelled.
   */
  undo?: "compensate" | Undo<never>;
}

export type Branch<T> = (ctx: Context) => Promise<T> | T;

/**
 * Passed to a workflow's code. All calls are recorded: after a crash, a wait or a restart the code runs again from its
 * beginning, and each call returns what it returned before. Code between the calls must therefore be deterministic;
 * side effects belong in steps.
 */
export interface Context {
  readonly run: {
    readonly id: string;
    readonly name: string;
    readonly key: string | null;
    readonly version: number;
    readonly attempt: number;
  };
  /** Aborted when the run is cancelled or this process releases it. */
  readonly signal: AbortSignal;
  readonly log: StepLog;

  /** Runs `work` at least once and records its result once. Pass `attempt.idempotencyKey` to external systems. */
  step<T, In = unknown>(
    name: string,
    work: (attempt: StepAttempt & { readonly input: In }) => Promise<T> | T,
    options: StepOptions<T, In> & { whenExhausted: "continue" },
  ): Promise<T | undefined>;
  step<T, In = unknown>(
    name: string,
    work: (attempt: StepAttempt & { readonly input: In }) => Promise<T> | T,
    options?: StepOptions<T, In>,
  ): Promise<T>;
  /** Runs `work` at most once. After a crash in the middle the outcome is unknown, and the run waits for a person. */
  once<T, In = unknown>(
    name: string,
    work: (attempt: StepAttempt & { readonly input: In }) => Promise<T> | T,
    options?: Omit<StepOptions<T, In>, "retry">,
  ): Promise<T>;
  /** Commits your rows and the result in one transaction of Baton's own database. Await only `db.query` inside. */
  tx<T>(
    name: string,
    work: (db: TxClient) => Promise<T>,
    options?: Pick<StepOptions<T>, "retry" | "key" | "undo">,
  ): Promise<T>;
  /**
   * From here on a failure is not compensated but waits for a person: the rest of the run must be finished, not undone.
   */
  pointOfNoReturn(name: string): Promise<void>;

  /**
   * Registers `work`, which is called when this branch or the run stops before its code has returned: when a race is
   * lost, an item or the run fails, or the run is cancelled. Await it before you begin what it cleans up. It runs at
   * least once, after the attempts of the branch have ended, and is retried and recorded like a step. Cleanups run
   * newest first. A branch or run whose code returns needs no cleanup, and its cleanups are not called.
   */
  cleanup(name: string, work: (attempt: StepAttempt) => unknown): Promise<void>;

  sleep(name: string, duration: Duration): Promise<void>;
  sleepUntil(name: string, time: Date | number | string): Promise<void>;
  /**
   * Returns the first matching event, including one that arrived between the run's start and this wait; null after the
   * timeout.
   */
  waitForEvent<T = unknown>(name: string, options?: WaitOptions): Promise<ReceivedEvent<T> | null>;
  emit(event: { name: string; data?: unknown; id?: string }): Promise<{ id: string }>;

  /** Starts a child run and waits for its result. */
  call<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options?: ChildOptions,
  ): Promise<Output>;
  /** Starts a child run without waiting for it. */
  start<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options?: ChildOptions,
  ): Promise<{ id: string }>;

  /**
   * Ends this run and continues as a new one with this input, the same business key and an empty history: for endless
   * loops. Callers that wait for this run wait for the new one. The code receives `input` as it is: the schema of the
   * workflow's input is not applied, because its transforms would run a second time. Never returns.
   */
  continueAsNew(input: unknown): Promise<never>;

  /**
   * Returns results in the order of the items. Each item has its own context, and so its own step names. If more items
   * fail than are tolerated, it throws the error of that item: the items in progress are stopped like the losing
   * branches of a race, no further item begins, and `error.details` says which items had `succeeded`, which one
   * `failed` and which were `stopped`.
   */
  map<T, R>(
    name: string,
    items: readonly T[],
    work: (item: T, ctx: Context, index: number) => Promise<R> | R,
    options: MapOptions & { tolerateFailures: true | number },
  ): Promise<(R | ItemFailure)[]>;
  map<T, R>(
    name: string,
    items: readonly T[],
    work: (item: T, ctx: Context, index: number) => Promise<R> | R,
    options?: MapOptions,
  ): Promise<R[]>;
  /**
   * The first branch to settle wins. The others are stopped: their attempts are aborted, their waits removed, and the
   * child runs that they `call` are cancelled. Child runs that they `start` run on.
   */
  race<B extends Record<string, Branch<unknown>>>(
    branches: B,
  ): Promise<{ [K in keyof B & string]: { winner: K; value: Awaited<ReturnType<B[K]>> } }[keyof B & string]>;

  /** Merges these into the run's searchable attributes. */
  setAttributes(attributes: Readonly<Record<string, string | number | boolean | null>>): Promise<void>;
  /** Store time of the last recorded result, in ms: the same in every replay. */
  now(): number;
  /** A number in [0, 1) derived from the run: the same in every replay. */
  random(): number;
  /** A UUID derived from the run: the same in every replay. */
  uuid(): string;
}

/** What the context needs from its engine. */
export interface ContextEnvironment {
  /** The step whose code is running; null between steps. */
  stepAround(): string | null;
  prepareChild(definition: AnyWorkflow, input: unknown, options: StartOptions, by: string): Promise<StartRun>;
  /** Seals the whole input of a run that is about to start. */
  sealInput(run: string, input: string): string;
  /** A run of the same definition that continues this one. */
  prepareContinuation(run: LeasedRun, input: unknown): Promise<StartRun>;
  /** Compensates a completed child and waits until that has ended. */
  compensateChild(parent: LeasedRun, key: string, signal: AbortSignal): Promise<void>;
}

export class RunContext implements Context {
  readonly #activation: Activation;
  readonly #scope: Scope;
  readonly #retry: RetryPolicy;
  readonly #env: ContextEnvironment;
  readonly #shared: { attributes: Record<string, unknown> };
  #log: StepLog | null = null;

  constructor(
    activation: Activation,
    scope: Scope,
    retry: RetryPolicy,
    env: ContextEnvironment,
    shared: { attributes: Record<string, unknown> } = { attributes: {} },
  ) {
    this.#activation = activation;
    this.#scope = scope;
    this.#retry = retry;
    this.#env = env;
    this.#shared = shared;
  }

  get run(): Context["run"] {
    const { id, key, round, definition } = this.#activation.run;
    return { id, key, name: definition.name, version: definition.version, attempt: round + 1 };
  }

  get log(): StepLog {
    const key = this.#scope.path === "" ? null : this.#scope.path;
    this.#log ??= createLog((line) => this.#activation.logOutside({ ...line, key }));
    return this.#log;
  }

  get signal(): AbortSignal {
    return this.#activation.signal;
  }

  step<T, In>(
    name: string,
    work: (attempt: StepAttempt & { readonly input: In }) => Promise<T> | T,
    options: StepOptions<T, In> = {},
  ): Promise<T> {
    return this.#step("step", name, work as (attempt: StepAttempt) => unknown, options) as Promise<T>;
  }

  once<T, In>(
    name: string,
    work: (attempt: StepAttempt & { readonly input: In }) => Promise<T> | T,
    options: Omit<StepOptions<T, In>, "retry"> = {},
  ): Promise<T> {
    return this.#step("once", name, work as (attempt: StepAttempt) => unknown, options) as Promise<T>;
  }

  tx<T>(
    name: string,
    work: (db: TxClient) => Promise<T>,
    options: Pick<StepOptions<T>, "retry" | "key" | "undo"> = {},
  ): Promise<T> {
    const run = (_attempt: StepAttempt, db: TxClient | null): unknown => work(db as TxClient);
    return this.#step("tx", name, run, options) as Promise<T>;
  }

  async pointOfNoReturn(name: string): Promise<void> {
    const key = this.#key(name, "a point of no return");
    await this.#activation.effect({ key, kind: "pivot", scope: this.#scope, make: () => ({ value: null }) });
  }

  async cleanup(name: string, work: (attempt: StepAttempt) => unknown): Promise<void> {
    if (typeof work !== "function")
      throw new BatonError("invalid-option", `the cleanup ${JSON.stringify(name)} needs a function`);
    const key = this.#key(name, "a cleanup's name");
    const undo = {
      work: (_result: unknown, attempt: StepAttempt) => work(attempt),
      takesUnknown: true,
      policy: this.#retry,
      timeoutMs: null,
    };
    await this.#activation.effect({ key, kind: "cleanup", scope: this.#scope, undo, make: () => ({ value: null }) });
  }

  #step(
    kind: "step" | "once" | "tx",
    name: string,
    work: (attempt: StepAttempt, db: TxClient | null) => unknown,
    options: StepOptions<never, unknown>,
  ): Promise<unknown> {
    const key = this.#key(options.key ?? name, "a step's name");
    const policy = options.retry === undefined ? this.#retry : retryPolicy(options.retry, this.#retry);
    return this.#activation.step({
      key,
      kind,
      scope: this.#scope,
      work,
      policy,
      undo: options.undo === undefined ? null : undoSpec(options.undo, policy),
      timeoutMs: options.timeout === undefined ? null : parseDuration(options.timeout),
      whenExhausted: options.whenExhausted ?? "fail",
      input: options.input === undefined ? null : this.#stepInput(options.input, key, options.sensitive === true),
      ...(options.sensitive === undefined || options.sensitive === false ? {} : { sensitive: options.sensitive }),
      ...(options.hideErrors === false ? { hidesErrors: false } : {}),
    });
  }

  #stepInput(input: unknown, key: string, isSensitive: boolean): string | null {
    const { vault, canSeal } = this.#activation;
    const text = encodePayload(input, `input of "${key}"`, this.#activation.payloadMax);
    if (text === null || !canSeal || !(isSensitive || vault?.holds(text))) return text;
    return this.#activation.openVault().seal(text, key, "input");
  }

  async sleep(name: string, duration: Duration): Promise<void> {
    await this.#sleep(this.#key(name, "a sleep's name"), { dueInMs: parseDuration(duration) });
  }

  async sleepUntil(name: string, time: Date | number | string): Promise<void> {
    const key = this.#key(name, "a sleep's name");
    const dueAt = parseTimestamp(time);
    if (dueAt === null && !this.#activation.isRecorded(key))
      throw new BatonError("invalid-option", `sleepUntil("${name}") needs a valid timestamp, not ${String(time)}`, {
        hint: timestampHint,
      });
    await this.#sleep(key, { dueAt: dueAt ?? 0 });
  }

  #sleep(key: string, due: { dueInMs: number } | { dueAt: number }): Promise<unknown> {
    return this.#activation.wait({
      key,
      kind: "sleep",
      scope: this.#scope,
      opening: { key, kind: "timer", ...due },
      child: null,
    });
  }

  async waitForEvent<T>(name: string, options: WaitOptions = {}): Promise<ReceivedEvent<T> | null> {
    const key = this.#key(options.key ?? name, "an event's name");
    this.#activation.vault?.refuse(name, "an event's name");
    const opening = {
      key,
      kind: "event",
      name,
      match: options.match === undefined || this.#activation.isRecorded(key) ? {} : this.#match(options.match, name),
      ...(options.timeout === undefined ? {} : { dueInMs: parseDuration(options.timeout) }),
      ...(options.lookback === undefined ? {} : { lookbackMs: parseDuration(options.lookback) }),
    } as const;
    return (await this.#activation.wait({
      key,
      kind: "event",
      scope: this.#scope,
      opening,
      child: null,
      isSensitive: options.sensitive === true,
    })) as ReceivedEvent<T> | null;
  }

  #match(match: Readonly<Record<string, unknown>>, name: string): ReturnType<typeof flattenMatch> {
    const flat = flattenMatch(match, name);
    encodePayload(flat, `match of ${name}`, defaults.inlineMax);
    this.#activation.vault?.refuse(JSON.stringify(flat), `the match of ${name}`);
    return flat;
  }

  async emit(event: { name: string; data?: unknown; id?: string }): Promise<{ id: string }> {
    const key = this.#key(checkName(event.name, "an event's name"), "an event's name");
    const id =
      event.id === undefined
        ? `${this.#activation.run.id}:${key}`
        : checkName(event.id, "an event's id", defaults.keyMax);
    const data = encodePayload(event.data, "data", this.#activation.payloadMax);
    this.#activation.vault?.refuse(data, `event ${event.name}`);
    this.#activation.vault?.refuse(id, `the id of event ${event.name}`);
    const effect = { value: encode({ id }), extras: { events: [{ name: event.name, data, source: "run", id }] } };
    return (await this.#activation.effect({ key, kind: "emit", scope: this.#scope, make: () => effect })) as {
      id: string;
    };
  }

  call<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options: ChildOptions = {},
  ): Promise<Output> {
    return this.#activation.answer(this.#call(definition, input, options), this.#scope);
  }

  async #call<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options: ChildOptions,
  ): Promise<Output> {
    const key = this.#key(options.key ?? definition.name, "a call's name");
    const child = (): Promise<StartRun> => this.#prepareChild(definition, input, options, key, true);
    const undo = options.undo === undefined ? null : undoSpec(this.#childUndo(options.undo, key), this.#retry);
    return (await this.#activation.wait({
      key,
      kind: "child",
      scope: this.#scope,
      opening: { key, kind: "child" },
      child,
      undo,
    })) as Output;
  }

  #childUndo(undo: NonNullable<ChildOptions["undo"]>, key: string): Undo<never> {
    if (undo !== "compensate") return undo;
    return (_output, attempt) => this.#env.compensateChild(this.#activation.run, key, attempt.signal);
  }

  continueAsNew(input: unknown): Promise<never> {
    this.#key("continueAsNew", "a continuation");
    const { run } = this.#activation;
    return this.#activation.continueAs(async () => this.#sealed(await this.#env.prepareContinuation(run, input)));
  }

  start<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options: ChildOptions = {},
  ): Promise<{ id: string }> {
    return this.#activation.answer(this.#start(definition, input, options), this.#scope);
  }

  async #start<RawInput, Input, Output>(
    definition: Workflow<RawInput, Input, Output>,
    input: RawInput,
    options: ChildOptions,
  ): Promise<{ id: string }> {
    const key = this.#key(options.key ?? definition.name, "a start's name");
    const make = async (): Promise<{ value: string | null; extras: { starts: StartRun[] } }> => {
      const start = await this.#prepareChild(definition, input, options, key, false);
      return { value: encode({ id: start.id }), extras: { starts: [start] } };
    };
    return (await this.#activation.effect({ key, kind: "start", scope: this.#scope, make })) as { id: string };
  }

  async #prepareChild(
    definition: AnyWorkflow,
    input: unknown,
    options: ChildOptions,
    key: string,
    isAwaited: boolean,
  ): Promise<StartRun> {
    const { businessKey, key: _key, undo: _undo, ...rest } = options;
    const { run } = this.#activation;
    const start = await this.#env.prepareChild(
      definition,
      input,
      { ...rest, ...(businessKey === undefined ? {} : { key: businessKey }) },
      run.id,
    );
    const { vault } = this.#activation;
    if (vault !== null) refuseLeaks(vault, start, definition.name);
    vault?.refuse(start.idempotencyKey, `the idempotency key of ${definition.name}`);
    return { ...this.#sealed(start), parent: { no: run.no, key, isAwaited } };
  }

  /** Seals the whole input of a start if it contains a sensitive value of this run. */
  #sealed(start: StartRun): StartRun {
    const { vault } = this.#activation;
    const { id, input, definition } = start;
    if (input === null || !vault?.holds(input)) return start;
    // An input with sealed parts cannot be sealed as a whole.
    if (hasSealed(input)) vault.refuse(input, `the non-sensitive part of the input of ${definition.name}`);
    return { ...start, input: this.#env.sealInput(id, input) };
  }

  map<T, R>(
    name: string,
    items: readonly T[],
    work: (item: T, ctx: Context, index: number) => Promise<R> | R,
    options: MapOptions = {},
  ): Promise<(R | ItemFailure)[]> {
    return this.#activation.answer(this.#map(name, items, work, options), this.#scope);
  }

  async #map<T, R>(
    name: string,
    items: readonly T[],
    work: (item: T, ctx: Context, index: number) => Promise<R> | R,
    options: MapOptions,
  ): Promise<(R | ItemFailure)[]> {
    const key = this.#key(name, "a map's name");
    return mapItems(
      { name: key, count: items.length, options, activation: this.#activation },
      (index) => this.#scope.inside(`${key}[${index}]`),
      (index, scope) => work(items[index] as T, this.#contextOf(scope), index),
    );
  }

  race<B extends Record<string, Branch<unknown>>>(
    branches: B,
  ): Promise<{ [K in keyof B & string]: { winner: K; value: Awaited<ReturnType<B[K]>> } }[keyof B & string]> {
    return this.#activation.answer(this.#race(branches), this.#scope) as never;
  }

  async #race(branches: Record<string, Branch<unknown>>): Promise<{ winner: string; value: unknown }> {
    const key = this.#key("race", "a race");
    const names = Object.keys(branches).map((name) => checkName(name, "a branch's name"));
    for (const name of names) this.#activation.vault?.refuse(name, "a branch's name");
    if (names.length === 0) throw new BatonError("invalid-option", "a race needs at least one branch");
    const scopes = new Map(names.map((name) => [name, this.#scope.inside(`${key}/${name}`)]));
    const settled = new Map(
      names.map((name) => [name, this.#branch(name, branches[name] as Branch<unknown>, scopes.get(name) as Scope)]),
    );
    const first = await Promise.race(settled.values());
    // The recorded winner counts: it is the same in every replay, and the losers are closed at the same place in the
    // order.
    const onSettled = (value: string | null): void => {
      const { winner } = JSON.parse(value ?? "{}") as { winner: string };
      const losers = [...scopes].filter(([name]) => name !== winner).map(([, scope]) => scope);
      this.#activation.closeScopes(losers, "race-lost");
    };
    const { winner } = (await this.#activation.effect({
      key,
      kind: "race",
      scope: this.#scope,
      make: () => ({ value: encode({ winner: first.name }) }),
      onSettled,
    })) as { winner: string };
    const won = await (settled.get(winner) ?? first);
    if (!won.ok) {
      const scope = scopes.get(winner);
      if (scope !== undefined) this.#activation.closeScopes([scope], "branch-failed");
      throw won.error;
    }
    scopes.get(winner)?.end();
    return { winner, value: won.value };
  }

  async #branch(
    name: string,
    branch: Branch<unknown>,
    scope: Scope,
  ): Promise<{ name: string; ok: true; value: unknown } | { name: string; ok: false; error: unknown }> {
    try {
      return { name, ok: true, value: await branch(this.#contextOf(scope)) };
    } catch (error) {
      return { name, ok: false, error };
    }
  }

  async setAttributes(attributes: Readonly<Record<string, string | number | boolean | null>>): Promise<void> {
    const key = this.#key("attributes", "attributes");
    const merged = { ...this.#shared.attributes, ...attributes };
    const text = encodePayload(merged, "attributes", defaults.inlineMax) ?? "{}";
    this.#activation.vault?.refuse(text, "an attribute");
    this.#shared.attributes = merged;
    await this.#activation.effect({
      key,
      kind: "attributes",
      scope: this.#scope,
      make: () => ({ value: null, extras: { attributes: text } }),
    });
  }

  now(): number {
    return this.#activation.lastAt;
  }

  random(): number {
    const what = this.#counterName("random");
    return hash53Number(`${this.#activation.run.id} ${this.#scope.path} ${what} ${this.#scope.count(what)}`) / 2 ** 53;
  }

  /** UUID version 8 of RFC 9562, with bits derived from the run. */
  uuid(): string {
    const what = this.#counterName("uuid");
    const seed = this.#scope.count(what);
    const hex = [1, 2, 3]
      .map((part) =>
        hash53Number(`${this.#activation.run.id} ${this.#scope.path} ${what} ${seed}`, part)
          .toString(16)
          .padStart(14, "0")
          .slice(-12),
      )
      .join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  /** Each step has its own counter: a replay skips the step's code, and later values must not depend on it. */
  #counterName(what: string): string {
    const step = this.#env.stepAround();
    return step === null ? what : `${what} in ${step}`;
  }

  #contextOf(scope: Scope): RunContext {
    return new RunContext(this.#activation, scope, this.#retry, this.#env, this.#shared);
  }

  #key(name: string, what: string): string {
    const step = this.#env.stepAround();
    if (step !== null) {
      throw new BatonError("nested-step", `${JSON.stringify(name)} is used inside the step "${step}"`, {
        hint: "a replay does not run the code of a recorded step: move the call before or after the step",
      });
    }
    if (name.startsWith?.(undoPrefix))
      throw new BatonError(
        "invalid-name",
        `${what} must not start with "${undoPrefix}", which is reserved for compensations`,
      );
    this.#activation.vault?.refuse(name, what);
    return this.#scope.keyFor(checkName(name, what));
  }
}
