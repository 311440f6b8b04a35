import { checkSchedule } from "../kernel/decide/schedule.ts";
import type { HandlerSchedule } from "../kernel/engine/handler.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { Overlap, ScheduleSpec } from "../kernel/model/schedule.ts";
import type { Duration } from "../stdx/duration.ts";
import type { Timestamp } from "../stdx/timestamp.ts";
import { checkName } from "./options.ts";

/** The scheduled time that an input is computed for. */
export interface ScheduledFiring {
  readonly scheduledAt: Date;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt: Date;
  readonly schedule: string;
}

interface CommonOptions {
  /**
   * Unique in its workflow; the schedule's history belongs to this name. Default: `cron`, `every` or `at`, numbered
   * from the second on.
   */
  name?: string;
  /** The input of its runs, checked by the workflow's input schema. */
  input?: string | number | boolean | null | object | ((firing: ScheduledFiring) => unknown);
  /** What a scheduled time does while the previous run has not ended. Default `skip`. */
  overlap?: Overlap;
  /** Scheduled times that are later than this are missed instead of fired. Default 1 h, at least 10 s. */
  catchUp?: Duration;
  /** Delays runs by up to this much; the same scheduled time always has the same delay. Default none. */
  jitter?: Duration;
}

/** Scheduled times by the wall clock of a zone. */
export interface CronOptions extends CommonOptions {
  /** Minute, hour, day, month and weekday; with six fields, seconds come first. */
  cron: string;
  /** IANA name, such as `Europe/Berlin` or `UTC`. */
  zone: string;
  /** A time that the spring change skips fires at the first time that exists (default), or not at all. */
  gap?: "next-valid" | "skip";
  /** How often a time that the autumn change repeats fires. Default `once`; `twice` for patterns of every hour. */
  repeated?: "once" | "twice";
}

/** Scheduled times by elapsed time: without `from`, at whole multiples of the interval since 1970 in UTC. */
export interface IntervalOptions extends CommonOptions {
  every: Duration;
  from?: Timestamp;
}

/** One scheduled time. */
export interface OneTimeOptions extends CommonOptions {
  at: Timestamp;
}

export type ScheduleOptions = CronOptions | IntervalOptions | OneTimeOptions;

/** Starts a workflow on a schedule. */
export interface ScheduleTrigger {
  readonly kind: "schedule";
  readonly name: string | null;
  readonly spec: ScheduleSpec;
  readonly inputOf: (firing: ScheduledFiring) => unknown;
}

export function scheduleTrigger(options: ScheduleOptions): ScheduleTrigger {
  const { name, input, ...timing } = options;
  return {
    kind: "schedule",
    name: name === undefined ? null : checkName(name, "a schedule's name"),
    spec: checkSchedule(timing),
    inputOf: typeof input === "function" ? (input as (firing: ScheduledFiring) => unknown) : () => input,
  };
}

/** The schedules of one workflow, each with its name. Two equal ones are two schedules. */
export function nameSchedules(triggers: readonly ScheduleTrigger[], workflow: string): readonly HandlerSchedule[] {
  if (triggers.length > defaults.schedule.countMax)
    throw new BatonError("limit", `${workflow} has more than ${defaults.schedule.countMax} schedules`);
  const taken = new Set<string>();
  for (const { name } of triggers) {
    if (name === null) continue;
    if (taken.has(name))
      throw new BatonError("invalid-schedule", `${workflow} has two schedules named ${JSON.stringify(name)}`, {
        hint: "give each schedule of a workflow its own name",
      });
    taken.add(name);
  }
  return triggers.map(({ name, spec, inputOf }) => ({ name: name ?? freeName(spec.timing.by, taken), spec, inputOf }));
}

function freeName(form: string, taken: Set<string>): string {
  let name = form;
  for (let number = 2; taken.has(name); number++) name = `${form}-${number}`;
  taken.add(name);
  return name;
}
