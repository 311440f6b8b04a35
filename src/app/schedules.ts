import type { Engine } from "../kernel/engine/engine.ts";
import type { BackfillItem, By } from "../kernel/engine/schedules.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { ScheduleRow } from "../kernel/model/schedule.ts";
import type { Timestamp } from "../stdx/timestamp.ts";
import type { VerbOptions } from "./handle.ts";

/** Schedules of one store. A schedule's name is `workflow/schedule`, such as `report/nightly`. */
export interface ScheduleControl {
  list(filter?: { workflow?: string; limit?: number }): Promise<readonly ScheduleRow[]>;
  /** Throws with code `not-found`. The workflow's name is enough if it has only one schedule. */
  get(schedule: string): Promise<ScheduleRow>;
  /** The next scheduled times. Default 5. */
  next(schedule: string, count?: number): Promise<readonly Date[]>;
  pause(schedule: string, options?: VerbOptions): Promise<void>;
  /** Fires the schedule again from now on. Times that passed while it was paused are skipped. */
  resume(schedule: string, options?: VerbOptions): Promise<void>;
  /** Starts a run now, outside of the scheduled times. Returns its ID. */
  runNow(schedule: string, options?: VerbOptions): Promise<string>;
  /**
   * Starts runs for the scheduled times from `from` to `to` (default now) that have none. With `dryRun` it only lists
   * them.
   */
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
