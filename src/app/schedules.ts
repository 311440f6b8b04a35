import type { Timestamp } from "../kernel/decide/schedule.ts";
import type { Engine } from "../kernel/engine/engine.ts";
import type { BackfillItem, By } from "../kernel/engine/schedules.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { ScheduleRow } from "../kernel/model/schedule.ts";
import type { VerbOptions } from "./handle.ts";

/** The schedules of one store. A schedule is named by its workflow and itself: `report/nightly`. */
export interface ScheduleControl {
  list(filter?: { workflow?: string; limit?: number }): Promise<readonly ScheduleRow[]>;
  /** Throws with code `not-found`. A workflow's name is enough when it has one schedule. */
  get(schedule: string): Promise<ScheduleRow>;
  /** Its next nominal times, 5 unless said otherwise. */
  next(schedule: string, count?: number): Promise<readonly Date[]>;
  pause(schedule: string, options?: VerbOptions): Promise<void>;
  /** From now on its times are fired again; those that passed meanwhile are not. */
  resume(schedule: string, options?: VerbOptions): Promise<void>;
  /** Starts a run outside of the nominal times; gives its id. */
  runNow(schedule: string, options?: VerbOptions): Promise<string>;
  /** Fires the nominal times from `from` to `to` (default now) that have no run; with `dryRun` it only lists them. */
  backfill(
    schedule: string,
    range: { from: Timestamp; to?: Timestamp; dryRun?: boolean },
    options?: VerbOptions,
  ): Promise<readonly BackfillItem[]>;
}

export function scheduleControl({ schedules }: Pick<Engine, "schedules">, localActor: string): ScheduleControl {
  const by = (options: VerbOptions = {}): By => ({ actor: options.actor ?? localActor, why: options.why ?? null });
  return {
    list: ({ workflow, limit = defaults.pageMax } = {}) =>
      schedules.list({ limit, ...(workflow === undefined ? {} : { definition: workflow }) }),
    get: (id) => schedules.get(id),
    next: async (id, count = 5) => (await schedules.next(id, count)).map((at) => new Date(at)),
    pause: async (id, options) => void (await schedules.pause(id, by(options))),
    resume: async (id, options) => void (await schedules.resume(id, by(options))),
    runNow: async (id, options) => (await schedules.runNow(id, by(options))).run,
    backfill: async (id, range, options) =>
      (await schedules.backfill(id, range, by(options))).items.map((item) => ({
        ...item,
        nominalAt: item.scheduledAt,
      })),
  };
}
