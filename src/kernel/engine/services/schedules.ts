import { hash53 } from "../../../stdx/hash.ts";
import { canonical } from "../../../stdx/json.ts";
import { type DueFirings, decideFirings, fireKey } from "../../decide/schedule.ts";
import { BatonError } from "../../model/errors.ts";
import type { DefinitionRef, Origin } from "../../model/run.ts";
import { type Firing, type FiringGap, type ScheduleRow, type ScheduleSpec, scheduleId } from "../../model/schedule.ts";
import type { PlannedFiring } from "../../model/schedule-acts.ts";
import type { StartRun } from "../../model/start-run.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Store } from "../../ports/store.ts";
import type { Handler, HandlerSchedule, Prepared } from "../handler.ts";

export interface SchedulerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The version that new starts of a name use; null if this process has none. */
  readonly handlerOf: (name: string) => Handler | null;
  readonly startOf: (handler: Handler, prepared: Prepared, origin: Origin) => StartRun;
}

/** A definition that this process has loaded, with the schedule that a row belongs to. */
export interface HeldSchedule {
  readonly handler: Handler;
  readonly schedule: HandlerSchedule;
}

/**
 * Fires what is due. A round reads the schedule, decides by the store time, prepares the starts with the definition's
 * code and commits everything as one transition, guarded by the revision that it has read. A crash on the way changes
 * nothing, and the timer is still due: scheduled times are decided in order, each in the transaction that moves the
 * schedule past it.
 */
export class Scheduler {
  readonly #parts: SchedulerOptions;
  /** Definitions whose schedules are not written to the store yet. */
  readonly #unsaved = new Set<string>();
  /** Definitions that were removed while this process ran. */
  readonly #removed = new Map<string, Pick<Handler, "definition" | "schedules">>();
  /** Schedules with a scheduled time that waits for a run of their definition to end. */
  readonly #buffering = new Map<number, string>();
  /** Definitions for which the store has, or had, schedules since this process first read them. */
  #stored: Set<string> | null = null;

  constructor(parts: SchedulerOptions) {
    this.#parts = parts;
  }

  /** Writes the schedules of this definition to the store in the next round. */
  register(name: string): void {
    this.#removed.delete(name);
    this.#unsaved.add(name);
  }

  /** Removes a definition that is gone from the code, along with its schedules. */
  forget(definition: DefinitionRef): void {
    this.#removed.set(definition.name, { definition, schedules: [] });
    this.#unsaved.add(definition.name);
  }

  /** Updates the store's schedules to match the definitions. What fails is tried again. */
  async putAll(): Promise<void> {
    this.#stored ??= await this.#readStored();
    for (const name of [...this.#unsaved]) {
      // Removed first: a registration while the store answers is written in another round.
      this.#unsaved.delete(name);
      const definition = this.#parts.handlerOf(name) ?? this.#removed.get(name);
      // Most definitions have no schedules, and never had any.
      if (definition === undefined || ((definition.schedules ?? []).length === 0 && !this.#stored.has(name))) continue;
      try {
        if (this.#stored.has(name)) await this.#settle(definition);
        await this.#put(definition);
        this.#stored.add(name);
        this.#removed.delete(name);
      } catch (error) {
        this.#unsaved.add(name);
        throw error;
      }
    }
  }

  /** Definitions with schedules in the store: they are updated even if the code no longer has any. */
  async #readStored(): Promise<Set<string>> {
    const stored = new Set<string>();
    let after: number | null = null;
    for (;;) {
      const rows: readonly ScheduleRow[] = await this.#parts.store.query("schedules", {
        definition: null,
        after,
        limit: pageRows,
      });
      for (const row of rows) stored.add(row.definition);
      after = rows.at(-1)?.no ?? null;
      if (rows.length < pageRows) return stored;
    }
  }

  /**
   * Fires what the stored schedules of a definition have due before their options change, so that a deploy in the wrong
   * minute loses no time. What this cannot decide, the store records as missed when it applies the change.
   */
  async #settle({ definition, schedules = [] }: Pick<Handler, "definition" | "schedules">): Promise<void> {
    const handler = this.#parts.handlerOf(definition.name);
    if (handler === null) return;
    for (const schedule of schedules) {
      for (let round = 0; round < settleRoundsMax; round++) {
        const row = await this.#parts.store.query("schedule", {
          id: scheduleId({ definition: definition.name, name: schedule.name }),
        });
        if (row === null || row.isPaused || hashOf(row.spec) === hashOf(schedule.spec)) break;
        const { now } = await this.#parts.store.query("dueTimers", { after: null, limit: 1 });
        const due = decideFirings({ ...row, id: scheduleId(row) }, now);
        if (due.fires.length === 0 && due.gap === null) break;
        // If another process was faster, the next round sees what it decided.
        await this.#fire(row, { handler, schedule }, due);
      }
    }
  }

  #put({ definition, schedules = [] }: Pick<Handler, "definition" | "schedules">): Promise<unknown> {
    return this.#parts.store.commit({
      kind: "schedule",
      act: "put",
      definition,
      schedules: schedules.map(({ name, spec }) => ({ name, spec, hash: hashOf(spec) })),
    });
  }

  /** One round for one schedule whose timer is due. */
  async fireDue(no: number, now: number): Promise<boolean> {
    const row = await this.#parts.store.query("scheduleOf", { no });
    const held = row === null ? null : this.held(row);
    if (row === null || held === null) return false;
    return this.#fire(row, held, decideFirings({ ...row, id: scheduleId(row) }, now));
  }

  async #fire(row: ScheduleRow, held: HeldSchedule, due: DueFirings): Promise<boolean> {
    const outcome = await this.#parts.store.commit({
      kind: "schedule",
      act: "fire",
      schedule: row.no,
      revision: row.revision,
      gap: due.gap,
      fires: await this.plan(row, held, due.fires),
      buffered: await this.#planBuffered(row, held),
      decidedTo: due.decidedTo,
    });
    if (!outcome.ok) return false;
    this.#log(row, due.gap, outcome.decided);
    this.#remember(row, outcome.decided);
    return true;
  }

  /** A run of this definition has ended here: a time that waited for it need not wait for its timer. */
  async runEnded(definition: string): Promise<void> {
    for (const [no, name] of [...this.#buffering]) {
      if (name !== definition) continue;
      const row = await this.#parts.store.query("scheduleOf", { no });
      if (row === null || row.buffered === null) this.#buffering.delete(no);
      // Only for times that are already decided; the timer does the rest.
      else await this.fireDue(no, row.decidedTo);
    }
  }

  get hasBuffered(): boolean {
    return this.#buffering.size > 0;
  }

  /** The code of a schedule, if this process has exactly the version that the store has. */
  held(row: ScheduleRow): HeldSchedule | null {
    const handler = this.#parts.handlerOf(row.definition);
    const schedule = handler?.schedules?.find((each) => each.name === row.name);
    if (handler === null || schedule === undefined) return null;
    return hashOf(schedule.spec) === hashOf(row.spec) ? { handler, schedule } : null;
  }

  /**
   * The starts of scheduled times, with the input that the definition computes. If that fails, only that time is
   * refused.
   */
  async plan(
    row: ScheduleRow,
    held: HeldSchedule,
    times: readonly number[],
    by = "schedule",
  ): Promise<PlannedFiring[]> {
    const planned: PlannedFiring[] = [];
    for (const scheduledAt of times) {
      const origin = { by, schedule: scheduleId(row), scheduledAt };
      try {
        const start = await this.startOf(held, scheduledAt, fireKey(row.name, scheduledAt), origin);
        planned.push({ scheduledAt, start, refusal: null });
      } catch (error) {
        const refusal = (error instanceof Error ? error.message : String(error)).slice(0, refusalMax);
        planned.push({ scheduledAt, start: null, refusal });
      }
    }
    return planned;
  }

  async startOf({ handler, schedule }: HeldSchedule, at: number, key: string, origin: Origin): Promise<StartRun> {
    const prepare = async (): Promise<Prepared> => {
      const input: unknown = await schedule.inputOf({
        scheduledAt: new Date(at),
        nominalAt: new Date(at),
        schedule: schedule.name,
      });
      return handler.prepare(input, { idempotencyKey: key });
    };
    return this.#parts.startOf(handler, await this.#withinLimit(prepare()), origin);
  }

  /** Code that never returns must not block all other schedules. */
  #withinLimit<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = new BatonError("timeout", `computing the schedule's input took longer than ${inputMaxMs} ms`);
      const stop = this.#parts.clock.after(inputMaxMs, () => reject(late));
      work.then(resolve, reject).finally(stop);
    });
  }

  async #planBuffered(row: ScheduleRow, held: HeldSchedule): Promise<PlannedFiring | null> {
    if (row.buffered === null || row.isPaused) return null;
    return (await this.plan(row, held, [row.buffered]))[0] ?? null;
  }

  #log(row: ScheduleRow, gap: FiringGap | null, decided: readonly Firing[]): void {
    const { logger } = this.#parts;
    const schedule = scheduleId(row);
    if (gap?.cause === "missed") {
      logger.log("warn", "scheduled times were missed: no process was running to start them", {
        schedule,
        count: gap.count,
        from: new Date(gap.fromAt).toISOString(),
        through: new Date(gap.throughAt).toISOString(),
      });
    }
    for (const { scheduledAt, outcome, why } of decided) {
      const isBad = outcome === "refused";
      logger.log(
        isBad ? "warn" : "debug",
        isBad ? "a scheduled time could not be started" : "a scheduled time was processed",
        {
          schedule,
          scheduledAt: new Date(scheduledAt).toISOString(),
          outcome,
          ...(why === null ? {} : { why }),
        },
      );
    }
  }

  #remember(row: ScheduleRow, decided: readonly Firing[]): void {
    if (decided.some((fire) => fire.outcome === "buffered") || row.buffered !== null)
      this.#buffering.set(row.no, row.definition);
  }
}

const pageRows = 200;
/** Rounds that settle one schedule before its options change: an hour of a schedule that fires every second. */
const settleRoundsMax = 100;
/** The input of a scheduled time is computed from it, not fetched from elsewhere. */
const inputMaxMs = 10_000;
/** Characters of the error that is kept with a refused scheduled time. */
const refusalMax = 1_000;

export function hashOf(spec: ScheduleSpec): string {
  return hash53(canonical(spec));
}
