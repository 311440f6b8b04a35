import { decode } from "../../stdx/json.ts";
import { aloneFrom, isNextAlone } from "../decide/routing.ts";
import { BatonError } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import type { RoutingTry } from "../model/routing.ts";
import type { DefinitionRef, Origin } from "../model/run.ts";
import type { StartRun } from "../model/start-run.ts";
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
  | { readonly kind: "no-result"; readonly why: string }
  /** The code cannot be loaded there, which is not the fault of the event. */
  | { readonly kind: "unavailable"; readonly why: string };

/** Evaluates events in a process of its own, so that author code can end or block no other work. */
export interface LoneEvaluator {
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

  /** Whether author code runs to decide what an event of this name starts. */
  runsCode(name: string): boolean {
    return this.#subscribers(name).some((handler) => handler.preparesWithCode ?? true);
  }

  /**
   * Accepts and routes an event whose subscribers run author code. `accept` commits the event with its first try, and
   * returns that try.
   */
  accept<T>(
    event: RoutedEvent,
    accept: () => Promise<{ readonly no: number; readonly try: RoutingTry | null; readonly outcome: T }>,
  ): Promise<{ readonly outcome: T; readonly matched: number | null }> {
    return this.#turns.together(() =>
      this.#whileBusy(event, async () => {
        const { no, try: held, outcome } = await accept();
        if (held === null) return { outcome, matched: null };
        return { outcome, matched: await this.#finish(no, held, event, () => this.#evaluateHere(event)) };
      }),
    );
  }

  /**
   * One pass over the events that wait to be routed. Those whose next try must be alone are left to a pass of their own
   * that starts in the background, so that no other event waits for them. Returns how many were routed.
   */
  async routeWaiting(): Promise<number> {
    let routed = 0;
    for await (const row of this.#routable(0)) {
      if (isNextAlone(row.tries)) this.#startLonePass();
      else if (await this.#routeFresh(row)) routed += 1;
    }
    return routed;
  }

  async #routeFresh(row: EventRow): Promise<boolean> {
    const event = this.#clear(row);
    if (this.runsCode(event.name))
      return this.#turns.together(() =>
        this.#whileBusy(event, () => this.#try(row, event, () => this.#evaluateHere(event))),
      );
    const { starts, refused } = await this.startsHere(event);
    const outcome = await this.#parts.store.commit({ kind: "route", event: row.no, starts, refused });
    return outcome.ok;
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
    for await (const row of this.#routable(aloneFrom)) await this.#whileBusy(row, () => this.#routeAlone(row));
  }

  async #routeAlone(row: EventRow): Promise<boolean> {
    const event = this.#clear(row);
    const subscribers = this.#subscribers(event.name);
    if (subscribers.length === 0 && !(await this.#isOrphan(row))) return false;
    const { loneEvaluator, logger, limitMs } = this.#parts;
    const evaluateAlone = async (): Promise<Evaluation> => {
      const refs = subscribers.map(({ definition }) => definition);
      const evaluation: Evaluation = (await loneEvaluator?.evaluate(refs, event.data, limitMs)) ?? inThisProcess;
      if (evaluation.kind !== "unavailable") return evaluation;
      if (evaluation !== inThisProcess)
        logger.log("warn", "an event is evaluated in this process: its workflows cannot be loaded in another", {
          event: row.no,
          why: evaluation.why,
        });
      return this.#turns.alone(() => this.#evaluateHere(event));
    };
    return this.#try(row, event, evaluateAlone);
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
      for (const row of rows) if (!this.#busy.has(keyOf(row))) yield row;
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last.no;
    }
  }

  async #try(row: EventRow, event: RoutedEvent, evaluate: () => Promise<Evaluation>): Promise<boolean> {
    const outcome = await this.#parts.store.commit({
      kind: "try-event",
      event: row.no,
      worker: this.#parts.worker(),
      seen: row.tries,
    });
    if (!outcome.ok) return false;
    if (outcome.routing === "held") this.#warnHeld(row.no, row);
    if (outcome.routing !== "trying") return false;
    return (await this.#finish(row.no, outcome.try, event, evaluate)) !== null;
  }

  /** Commits the result of a try. Returns the number of runs that the event has started or woken; null without a result. */
  async #finish(
    no: number,
    held: RoutingTry,
    event: RoutedEvent,
    evaluate: () => Promise<Evaluation>,
  ): Promise<number | null> {
    const { store } = this.#parts;
    const evaluation = await evaluate();
    if (evaluation.kind !== "evaluated") {
      const ended = await store.commit({ kind: "end-try", event: no, try: held, why: evaluation.why });
      if (ended.ok && ended.routing === "held") this.#warnHeld(no, event);
      return null;
    }
    const { starts, refused } = this.#startsOf(event, evaluation.all);
    const outcome = await store.commit({ kind: "route", event: no, try: held, starts, refused });
    return outcome.ok ? outcome.matched : null;
  }

  #warnHeld(no: number, { name }: Pick<EventRow, "name">): void {
    this.#parts.logger.log("error", `event ${no} (${name}) is held: none of its routing tries had a result`, {
      event: no,
      todo: `fix the input schema or key of its workflows, then: baton events retry ${no}`,
    });
  }

  /** The starts of an event whose subscribers run no author code. */
  async startsHere(event: RoutedEvent): Promise<Starts> {
    return this.#startsOf(event, await this.#evaluateAll(event));
  }

  async #evaluateHere(event: RoutedEvent): Promise<Evaluation> {
    const { clock, limitMs } = this.#parts;
    const { promise: late, resolve } = Promise.withResolvers<Evaluation>();
    const stop = clock.after(limitMs, () => resolve({ kind: "no-result", why: tooSlow(limitMs) }));
    try {
      return await Promise.race([
        this.#evaluateAll(event).then((all): Evaluation => ({ kind: "evaluated", all })),
        late,
      ]);
    } finally {
      stop();
    }
  }

  async #evaluateAll(event: RoutedEvent): Promise<readonly Evaluated[]> {
    const all: Evaluated[] = [];
    for (const handler of this.#subscribers(event.name)) all.push(await this.#evaluate(handler, event));
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
        const handler = this.#parts.definitions.handlerOf(name);
        const start = this.#parts.startOf(handler, each.prepared, { by: "event", event: `${source}/${id}` });
        starts.push({ ...start, idempotencyKey: eventStartKey(source, id) });
      } catch (error) {
        refused.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { starts, refused };
  }

  #subscribers(name: string): readonly Handler[] {
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

  async #whileBusy<T>(event: RoutedEvent, work: () => Promise<T>): Promise<T> {
    const key = keyOf(event);
    this.#busy.add(key);
    try {
      return await work();
    } finally {
      this.#busy.delete(key);
    }
  }

  /** Routes a held event again. Throws `not-found` or `conflict`. */
  async retry(no: number, by: { readonly actor: string; readonly why: string | null }): Promise<void> {
    const { store } = this.#parts;
    const outcome = await store.commit({ kind: "retry-event", event: no, audit: { ...by, verb: "retry-event" } });
    if (outcome.ok) return;
    const row = await store.query("event", { no });
    if (row === null)
      throw new BatonError("not-found", `no event ${no}`, { hint: "list held events with: baton events --held" });
    throw new BatonError(
      "conflict",
      `event ${no} is not held: it ${row.isRouted ? "was routed" : "waits to be routed"}`,
      {
        hint: "only held events are routed again; to start its workflows once more, send a new event",
      },
    );
  }
}

const pageSize = 100;

const inThisProcess: Evaluation = { kind: "unavailable", why: "" };

/** Why a try that was stopped at its time limit had no result. */
export function tooSlow(limitMs: number): string {
  return `evaluating it took longer than ${limitMs / 1_000} s`;
}

function keyOf({ source, id }: Pick<EventRow, "source" | "id">): string {
  return eventStartKey(source, id);
}

/**
 * The idempotency key of the runs that an event starts. The length of the source comes first, because both parts may
 * contain any character: `a` with id `b/c` is not `a/b` with id `c`.
 */
export function eventStartKey(source: string, id: string): string {
  return `event:${source.length}:${source}/${id}`;
}
