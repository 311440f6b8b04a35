import { decode } from "../../stdx/json.ts";
import { aloneFrom, isNextAlone } from "../decide/routing.ts";
import { BatonError } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import type { RoutingTry } from "../model/routing.ts";
import type { DefinitionRef, Origin } from "../model/run.ts";
import type { StartRun } from "../model/start-run.ts";
import type { EventOutcome } from "../model/transition.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { EventRow } from "../ports/queries.ts";
import type { Store } from "../ports/store.ts";
import type { Definitions } from "./definitions.ts";
import type { Handler, Prepared } from "./handler.ts";
import { Turns } from "./turns.ts";
import { openText, placeOfEvent } from "./vault.ts";

/** What evaluating an event for one definition gave: the start, or why its code refused the data. */
export type Evaluated = { readonly definition: DefinitionRef } & (
  | { readonly prepared: Prepared }
  | { readonly refusal: string }
);

export type Evaluation =
  | { readonly kind: "evaluated"; readonly all: readonly Evaluated[] }
  /** The code ended its process or took too long: this counts against the event. */
  | { readonly kind: "no-result"; readonly why: string };
/** Evaluates events in a process of its own, so that author code can end or block no other work. */
export interface LoneEvaluator {
  /** Returns why the code of these definitions cannot be loaded there, or null. That is not the fault of an event. */
  load(definitions: readonly DefinitionRef[]): Promise<string | null>;
  /** Once at a time, after `load`. */
  evaluate(definitions: readonly DefinitionRef[], data: string | null, limitMs: number): Promise<Evaluation>;
}

export interface RoutingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cipher: Cipher;
  readonly definitions: Definitions;
  /** Null: tries that must be alone run in this process while it routes nothing else. */
  readonly loneEvaluator: LoneEvaluator | null;
  readonly limitMs: number;
  /** This worker's incarnation; 0 before it has joined. */
  worker(): number;
  startOf(handler: Handler, prepared: Prepared, origin: Origin): StartRun;
}

/** The part of an event that decides what it starts. `data` in clear text. */
export type RoutedEvent = Pick<EventRow, "name" | "data" | "source" | "id">;

/** The runs that an event starts, and the reasons of the definitions that refused it. */
export interface Starts {
  readonly starts: readonly StartRun[];
  readonly refused: readonly string[];
}

/**
 * Decides what events start. Author code runs for it: input schemas, keys and limits. It may end or block the process,
 * so each try is committed before it, and counts unless it has a result. The first try of an event runs in this process,
 * alongside others. All later tries run alone. After the last one the event is held, and no other event waits for it.
 */
export class Routing {
  readonly #parts: RoutingParts;
  readonly #turns = new Turns();
  /** Events that this process is accepting or routing at this moment. */
  readonly #busy = new Set<string>();
  #lonePass: "none" | "running" | "running, then again" = "none";

  constructor(parts: RoutingParts) {
    this.#parts = parts;
  }

  /**
   * Accepts and routes an event whose subscribers run author code. `accept` commits the event with its first try.
   * `matched` is null if the event is routed later.
   */
  async accept(
    event: RoutedEvent,
    subscribers: readonly Handler[],
    accept: () => Promise<EventOutcome>,
  ): Promise<{ readonly outcome: EventOutcome; readonly matched: number | null }> {
    const busy = this.#setBusy(event);
    try {
      return await this.#turns.together(async () => {
        const outcome = await accept();
        if (outcome.try === null) return { outcome, matched: null };
        const evaluation = await this.#evaluateHere(event, subscribers);
        return { outcome, matched: await this.#commitResult(outcome.event, outcome.try, event, evaluation, busy) };
      });
    } finally {
      busy.end();
    }
  }

  /**
   * One pass over the events that wait to be routed. Those whose next try must be alone are left to a pass of their own
   * that starts in the background, so that no other event waits for them. Returns how many were routed.
   */
  async routeWaiting(): Promise<number> {
    const pass = new Pass();
    for await (const row of this.#routable(0)) {
      if (isNextAlone(row.tries)) this.#startLonePass();
      else await pass.add(() => this.#routeFresh(row));
    }
    return pass.end();
  }

  async #routeFresh(row: EventRow): Promise<Begun> {
    const event = this.#clear(row);
    const subscribers = this.subscribersOf(event.name);
    if (runsCode(subscribers))
      return this.#turns.together(() => this.#try(row, event, () => this.#evaluateHere(event, subscribers)));
    const { starts, refused } = await this.startsHere(event, subscribers);
    const commit = this.#parts.store.commit({ kind: "route", event: row.no, starts, refused });
    return { isRouted: commit.then((outcome) => outcome.ok) };
  }

  #startLonePass(): void {
    if (this.#lonePass !== "none") {
      this.#lonePass = "running, then again";
      return;
    }
    this.#lonePass = "running";
    this.#routeLone()
      .catch((error: unknown) =>
        this.#parts.logger.log("warn", "routing events alone failed; it will be retried", { error: String(error) }),
      )
      .finally(() => {
        const isWanted = this.#lonePass === "running, then again";
        this.#lonePass = "none";
        if (isWanted) this.#startLonePass();
      });
  }

  /** One at a time. */
  async #routeLone(): Promise<void> {
    const pass = new Pass();
    for await (const row of this.#routable(aloneFrom)) await pass.add(() => this.#routeAlone(row));
    await pass.end();
  }

  async #routeAlone(row: EventRow): Promise<Begun> {
    const event = this.#clear(row);
    const subscribers = this.subscribersOf(event.name);
    if (subscribers.length === 0 && !(await this.#isOrphan(row))) return notRouted;
    const evaluation = await this.#loneEvaluation(row, event, subscribers);
    if (evaluation !== null) return evaluation;
    return this.#turns.alone(() => this.#try(row, event, () => this.#evaluateHere(event, subscribers)));
  }

  /** Null: it must be evaluated in this process. */
  async #loneEvaluation(row: EventRow, event: RoutedEvent, subscribers: readonly Handler[]): Promise<Begun | null> {
    const { loneEvaluator, logger, limitMs } = this.#parts;
    if (loneEvaluator === null) return null;
    const refs = subscribers.map(({ definition }) => definition);
    const lack = await loneEvaluator.load(refs);
    if (lack === null)
      return this.#try(row, event, async () => {
        const evaluation = await loneEvaluator.evaluate(refs, event.data, limitMs);
        if (evaluation.kind !== "evaluated") return evaluation;
        return { ...evaluation, all: evaluation.all.map((each) => this.#unlessDrained(each)) };
      });
    logger.log("warn", "an event is evaluated in this process: its workflows cannot be loaded in another", {
      event: row.no,
      why: lack,
    });
    return null;
  }

  /** A process may lack a definition that others have. Only after a while is an event routed without it. */
  async #isOrphan({ at, triedAt }: EventRow): Promise<boolean> {
    const { now } = await this.#parts.store.query("now", {});
    return now - Math.max(at, triedAt ?? 0) >= defaults.routing.orphanMs;
  }

  /** One pass over the events that need a try, without those that this process has in hand. */
  async *#routable(triesMin: number): AsyncGenerator<EventRow> {
    const { store } = this.#parts;
    for (let after = 0; ; ) {
      const worker = this.#parts.worker();
      if (worker === 0) return;
      const rows = await store.query("routable", { worker, triesMin, after, limit: pageSize });
      for (const row of rows) if (!this.#busy.has(eventStartKey(row.source, row.id))) yield row;
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last.no;
    }
  }

  /** One try up to the end of the author code. Its result is then being committed. */
  async #try(row: EventRow, event: RoutedEvent, evaluate: () => Promise<Evaluation>): Promise<Begun> {
    const { no, tries: seen } = row;
    const busy = this.#setBusy(event);
    try {
      const outcome = await this.#parts.store.commit({
        kind: "try-event",
        event: no,
        worker: this.#parts.worker(),
        seen,
      });
      if (outcome.ok && outcome.routing === "held") this.#warnHeld(no, event);
      if (!outcome.ok || outcome.routing !== "trying") {
        busy.end();
        return notRouted;
      }
      const evaluation = await evaluate();
      const committed = this.#commitResult(no, outcome.try, event, evaluation, busy);
      return { isRouted: committed.then((matched) => matched !== null) };
    } catch (error) {
      busy.end();
      throw error;
    }
  }

  /** Returns the number of runs that the event has started or woken; null without a result. */
  async #commitResult(
    no: number,
    held: RoutingTry,
    event: RoutedEvent,
    evaluation: Evaluation,
    busy: Busy,
  ): Promise<number | null> {
    const { store } = this.#parts;
    try {
      if (evaluation.kind === "evaluated") {
        const { starts, refused } = this.#startsOf(event, evaluation.all);
        const outcome = await store.commit({ kind: "route", event: no, try: held, starts, refused });
        return outcome.ok ? outcome.matched : null;
      }
      const ended = await store.commit({ kind: "end-try", event: no, try: held, why: evaluation.why });
      if (ended.ok && ended.routing === "held") this.#warnHeld(no, event);
    } finally {
      busy.end();
    }
    // The commit's own hint may have come while the event was still busy here.
    this.#startLonePass();
    return null;
  }

  #warnHeld(no: number, { name }: Pick<EventRow, "name">): void {
    this.#parts.logger.log("error", `event ${no} (${name}) is held: none of its routing tries had a result`, {
      event: no,
      todo: `fix the input schema, key or limits of its workflows, then: baton events retry ${no}`,
    });
  }

  /** The starts of an event whose subscribers run no author code. */
  async startsHere(event: RoutedEvent, subscribers: readonly Handler[]): Promise<Starts> {
    return this.#startsOf(event, await this.#evaluateAll(event, subscribers));
  }

  async #evaluateHere(event: RoutedEvent, subscribers: readonly Handler[]): Promise<Evaluation> {
    const { clock, limitMs } = this.#parts;
    const { promise: late, resolve } = Promise.withResolvers<Evaluation>();
    const stop = clock.after(limitMs, () => resolve({ kind: "no-result", why: tooSlow(limitMs) }));
    try {
      return await Promise.race([
        this.#evaluateAll(event, subscribers).then((all): Evaluation => ({ kind: "evaluated", all })),
        late,
      ]);
    } finally {
      stop();
    }
  }

  async #evaluateAll(event: RoutedEvent, subscribers: readonly Handler[]): Promise<readonly Evaluated[]> {
    const all: Evaluated[] = [];
    for (const handler of subscribers) all.push(await this.#evaluate(handler, event));
    return all;
  }

  /** If an input schema refuses the data, the reason is kept with the event. */
  async #evaluate({ definition }: Handler, { data }: RoutedEvent): Promise<Evaluated> {
    try {
      const handler = this.#parts.definitions.handlerOf(definition.name);
      return { definition, prepared: await handler.prepare(decode(data), {}) };
    } catch (error) {
      return { definition, refusal: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Starts are unique for each definition and event. */
  #startsOf({ source, id }: RoutedEvent, all: readonly Evaluated[]): Starts {
    const starts: StartRun[] = [];
    const refused: string[] = [];
    for (const each of all) {
      const { name } = each.definition;
      try {
        if ("refusal" in each) throw new Error(each.refusal);
        const { definitions } = this.#parts;
        const handler = definitions.get(each.definition) ?? definitions.handlerOf(name);
        const start = this.#parts.startOf(handler, each.prepared, { by: "event", event: `${source}/${id}` });
        starts.push({ ...start, idempotencyKey: eventStartKey(source, id) });
      } catch (error) {
        refused.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { starts, refused };
  }

  /** Another process does not know which versions accept no new starts. */
  #unlessDrained(each: Evaluated): Evaluated {
    try {
      this.#parts.definitions.handlerOf(each.definition.name);
      return each;
    } catch (error) {
      return { definition: each.definition, refusal: error instanceof Error ? error.message : String(error) };
    }
  }

  /** The definitions that an event of this name starts. */
  subscribersOf(name: string): readonly Handler[] {
    const { definitions } = this.#parts;
    return definitions.all.filter(
      (each) => each.triggers.includes(name) && definitions.chosen(each.definition.name) === each,
    );
  }

  /** A sensitive event is stored sealed. */
  #clear(row: EventRow): RoutedEvent {
    const { name, source, id, data } = row;
    if (data === null) return row;
    return { name, source, id, data: openText(this.#parts.cipher, data, placeOfEvent(source, id)) };
  }

  #setBusy(event: RoutedEvent): Busy {
    const key = eventStartKey(event.source, event.id);
    this.#busy.add(key);
    return { end: () => void this.#busy.delete(key) };
  }

  /** Routes a held event again. Throws `not-found` or `not-held`. */
  async retry(no: number, by: { readonly actor: string; readonly why: string | null }): Promise<void> {
    const { store } = this.#parts;
    const outcome = await store.commit({ kind: "retry-event", event: no, audit: { ...by, verb: "retry-event" } });
    if (outcome.ok) return;
    const row = await store.query("event", { no });
    if (row === null)
      throw new BatonError("not-found", `no event ${no}`, { hint: "list held events with: baton events --held" });
    throw new BatonError(
      "not-held",
      `event ${no} is not held: it ${row.isRouted ? "was routed" : "waits to be routed"}`,
      {
        hint: "only held events are routed again; to start its workflows once more, send a new event",
      },
    );
  }
}

const pageSize = 100;

/** Marks an event that this process is accepting or routing. */
interface Busy {
  end(): void;
}

/** A try whose author code has ended. */
interface Begun {
  /** Resolves when its result is committed. */
  readonly isRouted: Promise<boolean>;
}

const notRouted: Begun = { isRouted: Promise.resolve(false) };

/**
 * Tries one after the other. The result of one and the beginning of the next are committed together, in this order, so
 * that a pass takes one commit for each event.
 */
class Pass {
  #routedCount = 0;
  #last: Promise<unknown> = Promise.resolve();

  async add(begin: () => Promise<Begun>): Promise<void> {
    const before = this.#last;
    const { isRouted } = await begin();
    await before;
    this.#last = isRouted.then((routed) => {
      if (routed) this.#routedCount += 1;
    });
    // Reported by the next event or at the end.
    this.#last.catch(() => {});
  }

  async end(): Promise<number> {
    await this.#last;
    return this.#routedCount;
  }
}

/** Whether author code runs to decide what an event starts. */
export function runsCode(subscribers: readonly Handler[]): boolean {
  return subscribers.some((handler) => handler.preparesWithCode ?? true);
}

/** Why a try that was stopped at its time limit had no result. */
export function tooSlow(limitMs: number): string {
  return `evaluating it took longer than ${limitMs / 1_000} s`;
}

/**
 * The idempotency key of the runs that an event starts. The length of the source comes first, because both parts may
 * contain any character: `a` with id `b/c` is not `a/b` with id `c`.
 */
export function eventStartKey(source: string, id: string): string {
  return `event:${source.length}:${source}/${id}`;
}
