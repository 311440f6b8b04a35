import { parseTimestamp, type Timestamp, timestampHint } from "../../stdx/timestamp.ts";
import { refusalError } from "../decide/refusal.ts";
import { decideFirings, dueOf, nextScheduledTimes } from "../decide/schedule.ts";
import { BatonError } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import { type Firing, type FiringGap, type ScheduleRow, scheduleId } from "../model/schedule.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { HeldSchedule, Scheduler } from "./services/schedules.ts";

/** Who requested it, and why; kept in the audit log. */
export interface By {
  readonly actor: string;
  readonly why: string | null;
}

/** A range of past times to backfill. `to` defaults to now. */
export interface BackfillRange {
  readonly from: Timestamp;
  readonly to?: Timestamp;
}

/** One scheduled time of a backfill, with its run if it has one. */
export interface BackfillItem {
  readonly scheduledAt: number;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt?: number;
  readonly run: string | null;
  /** Whether the backfill started that run, or would start one. */
  readonly isNew: boolean;
  /** Why its input was refused. */
  readonly refusal: string | null;
}

/** Actions on schedules. Each throws a `BatonError` with the reason if it is not allowed. */
export class Schedules {
  readonly #store: Store;
  readonly #random: Random;
  readonly #scheduler: Scheduler;

  constructor(store: Store, random: Random, scheduler: Scheduler) {
    this.#store = store;
    this.#random = random;
    this.#scheduler = scheduler;
  }

  list(filter: { definition?: string; after?: number | null; limit: number }): Promise<readonly ScheduleRow[]> {
    const { definition = null, after = null, limit } = filter;
    return this.#store.query("schedules", { definition, after, limit });
  }

  /** By its id. A workflow's name is enough if it has only one schedule. */
  async get(id: string): Promise<ScheduleRow> {
    const row = await this.#store.query("schedule", { id });
    if (row !== null) return row;
    const all = await this.#store.query("schedules", { definition: id, after: null, limit: 2 });
    if (all.length === 1 && all[0] !== undefined) return all[0];
    if (all.length > 1)
      throw new BatonError("ambiguous", `${id} has several schedules`, {
        hint: "give workflow/name",
        details: { candidates: all.map(scheduleId) },
      });
    throw new BatonError("not-found", `no schedule ${JSON.stringify(id)}`, {
      hint: "list schedules with: baton schedules; a schedule is listed once a server that has its workflow has started",
    });
  }

  /** Store time, which decides what is past and what is to come. */
  async now(): Promise<number> {
    return (await this.#store.query("dueTimers", { after: null, limit: 1 })).now;
  }

  /** Whether this process has loaded the code that computes its input. */
  isLoaded(row: ScheduleRow): boolean {
    return this.#scheduler.held(row) !== null;
  }

  async next(id: string, count: number): Promise<readonly number[]> {
    const row = await this.get(id);
    return nextScheduledTimes(row.spec, await this.now(), count);
  }

  fires(row: ScheduleRow, limit: number, before: number | null = null): Promise<readonly Firing[]> {
    return this.#store.query("fires", { schedule: row.no, before, limit });
  }

  gaps(row: ScheduleRow, limit: number): Promise<readonly FiringGap[]> {
    return this.#store.query("fireGaps", { schedule: row.no, limit });
  }

  /** Scheduled times pass without runs until it is resumed. */
  pause(id: string, by: By): Promise<ScheduleRow> {
    return this.#change(id, "pause", by);
  }

  /** Its scheduled times fire again from now on; those that passed meanwhile do not. */
  resume(id: string, by: By): Promise<ScheduleRow> {
    return this.#change(id, "resume", by);
  }

  async #change(id: string, act: "pause" | "resume", by: By): Promise<ScheduleRow> {
    for (let round = 0; round < roundsMax; round++) {
      const row = await this.get(id);
      if (row.isPaused === (act === "pause")) return row;
      if (act === "resume" && (await this.#settlePause(row.no))) continue;
      const audit = { ...by, verb: `${act}-schedule` };
      const { no: schedule, revision } = row;
      const outcome = await this.#store.commit({ kind: "schedule", act, schedule, revision, audit });
      if (outcome.ok) return this.get(scheduleId(row));
    }
    throw new BatonError("conflict", `schedule ${id} kept changing during ${act}`, { hint: "try again" });
  }

  /** Records the times that passed unevaluated during a pause as paused, so that they do not count as missed. */
  async #settlePause(no: number): Promise<boolean> {
    for (let round = 0; ; round++) {
      const row = await this.#store.query("scheduleOf", { no });
      if (row === null || !row.isPaused) return true;
      const { gap, decidedTo } = decideFirings({ ...row, id: scheduleId(row) }, await this.now());
      if (gap === null || round >= settleRoundsMax) return round > 0;
      const { revision } = row;
      const nothing = { fires: [], buffered: null };
      await this.#store.commit({ kind: "schedule", act: "fire", schedule: no, revision, gap, decidedTo, ...nothing });
    }
  }

  /** Starts a run outside the scheduled times, whatever else runs. */
  async runNow(id: string, by: By): Promise<{ run: string }> {
    const row = await this.get(id);
    const held = this.#held(row);
    const origin = { by: by.actor, schedule: scheduleId(row) };
    const start = await this.#scheduler.startOf(held, await this.now(), `schedule:now:${this.#random.uuid()}`, origin);
    const audit = { ...by, verb: "run-schedule" };
    const outcome = await this.#store.commit({ kind: "schedule", act: "run-now", schedule: row.no, start, audit });
    if (!outcome.ok) throw outcome.why === "refused" ? refusalError(start, outcome.refused) : gone(id);
    return { run: outcome.started ?? start.id };
  }

  /**
   * Fires the scheduled times in a past range that have no run, including those that were skipped, refused or missed.
   * All start at once: `overlap` applies to the clock, and a backfill is a person's decision.
   */
  async backfill(
    id: string,
    range: BackfillRange & { dryRun?: boolean },
    by: By,
  ): Promise<{ schedule: string; items: readonly BackfillItem[] }> {
    const row = await this.get(id);
    const held = this.#held(row);
    const times = await this.#timesOf(row, range);
    const runs = await this.#runsOf(row, times);
    const isOpen = (scheduledAt: number): boolean => !runs.has(scheduledAt);
    const planned = await this.#scheduler.plan(row, held, times.filter(isOpen), by.actor);
    const started = new Map<number, string>();
    const refusals = new Map(planned.map((each) => [each.scheduledAt, each.refusal]));
    const starts = planned.filter((each) => each.start !== null);
    if (range.dryRun !== true && starts.length > 0) {
      const audit = { ...by, verb: "backfill-schedule" };
      const outcome = await this.#store.commit({
        kind: "schedule",
        act: "backfill",
        schedule: row.no,
        fires: starts,
        audit,
      });
      if (!outcome.ok) throw gone(id);
      for (const { scheduledAt, run, why } of outcome.decided) {
        if (run !== null) started.set(scheduledAt, run);
        else refusals.set(scheduledAt, why);
      }
    }
    const items = times.map((scheduledAt): BackfillItem => {
      const refusal = refusals.get(scheduledAt) ?? null;
      const run = runs.get(scheduledAt) ?? started.get(scheduledAt) ?? null;
      return { scheduledAt, run, isNew: isOpen(scheduledAt) && refusal === null, refusal };
    });
    return { schedule: scheduleId(row), items };
  }

  async #timesOf(row: ScheduleRow, range: BackfillRange): Promise<readonly number[]> {
    const now = await this.now();
    const from = readTimestamp("from", range.from);
    const to = range.to === undefined ? now : readTimestamp("to", range.to);
    if (to < from)
      throw new BatonError("invalid-option", `to is before from: ${new Date(to).toISOString()}`, {
        hint: "swap from and to",
      });
    const max = defaults.schedule.backfillMax;
    const times = nextScheduledTimes(row.spec, from - 1, max + 1, Math.min(to, now));
    // Times that are not due yet fire by themselves.
    const past = times.filter((scheduledAt) => dueOf(row.spec, scheduleId(row), scheduledAt) <= now);
    if (past.length <= max) return past;
    throw new BatonError("limit", `this range has more than ${max} scheduled times`, {
      hint: `backfill it in parts; end the first range at ${new Date(past[max - 1] ?? to).toISOString()}`,
    });
  }

  /** The runs of these scheduled times, whenever they were started. */
  async #runsOf(row: ScheduleRow, times: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const runs = new Map<number, string>();
    const first = times[0];
    let before: number | null = (times.at(-1) ?? -1) + 1;
    while (first !== undefined && before !== null && before > first) {
      const page = await this.fires(row, pageRows, before);
      for (const fire of page) if (fire.run !== null) runs.set(fire.scheduledAt, fire.run);
      before = page.length < pageRows ? null : (page.at(-1)?.scheduledAt ?? null);
    }
    return runs;
  }

  #held(row: ScheduleRow): HeldSchedule {
    const held = this.#scheduler.held(row);
    if (held !== null) return held;
    throw new BatonError("unknown-definition", `this process has not loaded the code of schedule ${scheduleId(row)}`, {
      hint: "the workflow code computes its input: use a Baton that has loaded it",
    });
  }
}

/** An action is decided again if the schedule has changed meanwhile. */
const roundsMax = 20;
/** A month of a schedule that fires every second. The worker's own rounds settle the rest. */
const settleRoundsMax = 11_000;
const pageRows = 500;

function gone(id: string): BatonError {
  return new BatonError("not-found", `schedule ${id} was removed in the meantime`);
}

function readTimestamp(option: string, value: Timestamp): number {
  const at = parseTimestamp(value);
  if (at !== null) return at;
  throw new BatonError("invalid-option", `${option} is not a valid timestamp: ${String(value).slice(0, 80)}`, {
    hint: timestampHint,
  });
}
