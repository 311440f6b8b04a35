import { checkSchedule, type Timestamp } from "../kernel/decide/schedule.ts";
import type { HandlerSchedule } from "../kernel/engine/handler.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { Overlap, ScheduleSpec } from "../kernel/model/schedule.ts";
import type { Duration } from "../stdx/duration.ts";
import { checkName } from "./options.ts";

/** The nominal time that an input is made for. */
export interface ScheduledFiring {
  readonly scheduledAt: Date;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt: Date;
  readonly schedule: string;
}

interface CommonOptions {
  /** Unique in its workflow; its history hangs on it. Default: `cron`, `every` or `at`, numbered from the second on. */
  name?: string;
  /** What its runs get, through the workflow's input schema. */
  input?: string | number | boolean | null | object | ((fire: ScheduledFiring) => unknown);
  /** What a nominal time does while the run before it is not at rest. Default `skip`. */
  overlap?: Overlap;
  /** Nominal times that are later than this are missed instead of fired. Default 1 h, at least 10 s. */
  catchUp?: Duration;
  /** Runs come up to this much later, always as much for the same nominal time. Default none. */
  jitter?: Duration;
}

/** By the wall clock of a zone. */
export interface CronOptions extends CommonOptions {
  /** Minute, hour, day, month and weekday; six fields have the seconds first. */
  cron: string;
  /** IANA name, such as `Europe/Berlin` or `UTC`. */
  zone: string;
  /** A time that the spring change leaves out runs at the first moment that exists (default), or not at all. */
  gap?: "next-valid" | "skip";
  /** A time that the autumn change brings twice. Default `once`, and `twice` for patterns of every hour. */
  repeated?: "once" | "twice";
}

/** By elapsed time: without `from`, at whole multiples of the interval since 1970 in UTC. */
export interface IntervalOptions extends CommonOptions {
  every: Duration;
  from?: Timestamp;
}

/** Once, at a moment. */
export interface OneTimeOptions extends CommonOptions {
  at: Timestamp;
}

export type ScheduleOptions = CronOptions | IntervalOptions | OneTimeOptions;

/** What starts a workflow by the clock. */
export interface ScheduleTrigger {
  readonly kind: "schedule";
  readonly name: string | null;
  readonly spec: ScheduleSpec;
  readonly inputOf: (fire: ScheduledFiring) => unknown;
}

export function scheduleTrigger(options: ScheduleOptions): ScheduleTrigger {
  const { name, input, ...wish } = options;
  return {
    kind: "schedule",
    name: name === undefined ? null : checkName(name, "a schedule's name"),
    spec: checkSchedule(wish),
    inputOf: typeof input === "function" ? (input as (fire: ScheduledFiring) => unknown) : () => input,
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
