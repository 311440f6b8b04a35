import { type Duration, parseDuration } from "../../stdx/duration.ts";
import { hash53Number } from "../../stdx/hash.ts";
import { BatonError } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import { type FiringGap, type Overlap, overlaps, type ScheduleSpec, type Timing } from "../model/schedule.ts";
import { checkPattern, isEveryHour, isOnPattern, nextCron } from "./cron.ts";
import { checkZone, stretchAt } from "./zone.ts";

/** A moment as authors write it. */
export type Timestamp = Date | number | string;

/** What an author writes about the times of a schedule; exactly one of `cron`, `every` and `at`. */
export interface ScheduleWish {
  readonly cron?: string;
  readonly zone?: string;
  readonly gap?: "next-valid" | "skip";
  readonly repeated?: "once" | "twice";
  readonly every?: Duration;
  readonly from?: Timestamp;
  readonly at?: Timestamp;
  readonly overlap?: Overlap;
  readonly catchUp?: Duration;
  readonly jitter?: Duration;
}

/** Checks all of it, in bounded time; throws a `BatonError` with code `invalid-schedule` that names the option. */
export function checkSchedule(wish: ScheduleWish): ScheduleSpec {
  const timing = checkTiming(wish);
  const overlap = oneOf("overlap", wish.overlap ?? "skip", overlaps);
  const catchUpMs = Math.max(lengthOf("catchUp", wish.catchUp ?? defaults.schedule.catchUpMs), lateMs);
  const jitterMs = lengthOf("jitter", wish.jitter ?? 0);
  if (jitterMs > defaults.schedule.jitterMaxMs)
    throw invalid(
      `jitter must be at most one day, not ${String(wish.jitter)}`,
      "use a second schedule for another time of day",
    );
  return { timing, overlap, catchUpMs, jitterMs };
}

/** A fire that comes a moment late, after a busy second or a restart, is late and never missed. */
const lateMs = 10_000;

function checkTiming(wish: ScheduleWish): Timing {
  const forms = (["cron", "every", "at"] as const).filter((form) => wish[form] !== undefined);
  if (forms.length !== 1)
    throw invalid(
      `a schedule needs exactly one of cron, every and at, not ${forms.length === 0 ? "none" : forms.join(" and ")}`,
    );
  for (const [option, form] of Object.entries(ownOptions)) {
    if (wish[option as keyof ScheduleWish] !== undefined && form !== forms[0])
      throw invalid(`${option} belongs to ${form} and cannot be used with ${forms[0]}`);
  }
  if (wish.every !== undefined) return everyTiming(wish.every, wish.from);
  if (wish.at !== undefined) return { by: "at", at: timestampOf("at", wish.at) };
  if (wish.zone === undefined)
    throw invalid("a cron schedule needs a time zone", 'set zone, for example "Europe/Berlin" or "UTC"');
  const pattern = checkPattern(wish.cron);
  return {
    by: "cron",
    pattern,
    zone: checkZone(wish.zone),
    gap: oneOf("gap", wish.gap ?? "next-valid", ["next-valid", "skip"] as const),
    repeated: oneOf("repeated", wish.repeated ?? (isEveryHour(pattern) ? "twice" : "once"), ["once", "twice"] as const),
  };
}

/** Options that only one form of timing knows. */
const ownOptions = { zone: "cron", gap: "cron", repeated: "cron", from: "every" } as const;

function everyTiming(every: Duration, from: Timestamp | undefined): Timing {
  const everyMs = lengthOf("every", every);
  if (everyMs < defaults.schedule.everyMinMs)
    throw invalid(`every must be at least ${defaults.schedule.everyMinMs} ms, not ${String(every)}`);
  // Without a beginning the times are those of the clock in UTC: the same on every machine and after every deploy.
  return { by: "every", everyMs, from: from === undefined ? 0 : timestampOf("from", from) };
}

function lengthOf(option: string, value: Duration): number {
  try {
    return parseDuration(value);
  } catch (cause) {
    throw invalid(`${option}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function timestampOf(option: string, value: Timestamp): number {
  const at = value instanceof Date || typeof value === "number" ? Number(value) : readTimestamp(value);
  if (Number.isFinite(at) && Math.abs(at) <= momentMax) return Math.ceil(at);
  throw invalid(
    `${option} is not a valid timestamp: ${String(value).slice(0, 80)}`,
    'use a timestamp with an offset, such as "2026-11-20T09:30:00Z"',
  );
}

/** What a Date can hold. */
const momentMax = 8_640_000_000_000_000;

/** Without an offset a text would mean another moment on each machine. */
function readTimestamp(value: unknown): number {
  return typeof value === "string" && /T.*(?:Z|[+-]\d{2}:\d{2})$/.test(value) ? Date.parse(value) : Number.NaN;
}

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw invalid(`${option} must be one of ${known.join(", ")}, not ${JSON.stringify(value)?.slice(0, 40)}`);
}

function invalid(message: string, hint?: string): BatonError {
  return new BatonError("invalid-schedule", message, hint === undefined ? {} : { hint });
}

// --- Times ----------------------------------------------------------------------------------------------------------------

/** The first nominal time after `after`, or null when there is none. */
export function nextScheduledTime({ timing }: ScheduleSpec, after: number): number | null {
  switch (timing.by) {
    case "cron":
      return nextCron(timing, after);
    case "every":
      return after < timing.from
        ? timing.from
        : timing.from + (Math.floor((after - timing.from) / timing.everyMs) + 1) * timing.everyMs;
    case "at":
      return after < timing.at ? timing.at : null;
  }
}

/** Up to `limit` nominal times after `after`, those beyond `through` left out. */
export function nextScheduledTimes(
  spec: ScheduleSpec,
  after: number,
  limit: number,
  through = Infinity,
): readonly number[] {
  const times: number[] = [];
  for (
    let at = nextScheduledTime(spec, after);
    at !== null && at <= through && times.length < limit;
    at = nextScheduledTime(spec, at)
  )
    times.push(at);
  return times;
}

/** What the clocks of the schedule's zone show at a nominal time, and whether the spring change has moved it there. */
export function wallClock({ timing }: ScheduleSpec, at: number): { local: string; isMoved: boolean } {
  const { from, offsetMs, offsetBeforeMs } = stretchAt(timing.by === "cron" ? timing.zone : "UTC", at);
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const offset = `${offsetMs < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
  const wall = new Date(at + offsetMs).toISOString();
  const mayBeMoved = timing.by === "cron" && at === from && offsetMs > offsetBeforeMs;
  return {
    local: `${wall.slice(0, 10)} ${wall.slice(11, 19)} ${offset}`,
    isMoved: mayBeMoved && !isOnPattern(timing.pattern, at + offsetMs),
  };
}

/** When a nominal time is to be fired: itself and its jitter, which a retry or another worker finds as long again. */
export function dueOf(spec: ScheduleSpec, id: string, scheduledAt: number): number {
  return scheduledAt + (spec.jitterMs === 0 ? 0 : hash53Number(`${id} ${scheduledAt}`) % (spec.jitterMs + 1));
}

/** From where a new or changed schedule decides: from now on, but a single moment that has just passed still counts. */
export function decidedFrom({ timing }: ScheduleSpec, now: number): number {
  return timing.by === "at" ? Math.min(now, timing.at - 1) : now;
}

/** One key for each nominal time of a schedule: whoever starts its run starts the same run. */
export function fireKey(name: string, scheduledAt: number): string {
  return `schedule:${name}:${scheduledAt}`;
}

// --- Decisions ------------------------------------------------------------------------------------------------------------

/** What is to be decided about a schedule now. Its times come in order: first what is a gap, then what fires. */
export interface DueFires {
  readonly gap: FiringGap | null;
  readonly fires: readonly number[];
  /** Every nominal time up to here is decided by this. */
  readonly decidedTo: number;
  /** There is more than one round decides. */
  readonly hasMore: boolean;
}

/**
 * Which nominal times of `(decidedTo, now]` fire and which are missed. One round is bounded: after a year of downtime of
 * a schedule by the second there is another round, and none that takes all memory.
 */
export function decideFirings(
  schedule: {
    readonly id: string;
    readonly spec: ScheduleSpec;
    readonly decidedTo: number;
    readonly isPaused: boolean;
  },
  now: number,
): DueFires {
  const { id, spec, isPaused } = schedule;
  const fires: number[] = [];
  let gap: FiringGap | null = null as FiringGap | null;
  let decidedTo = schedule.decidedTo;
  for (let looked = 0; ; looked++) {
    const scheduledAt = nextScheduledTime(spec, decidedTo);
    const dueAt = scheduledAt === null ? null : dueOf(spec, id, scheduledAt);
    if (scheduledAt === null || dueAt === null || dueAt > now) return { gap, fires, decidedTo, hasMore: false };
    const isGap = isPaused || now - dueAt > spec.catchUpMs;
    // A jitter may let the later of two fall before the earlier: once something fires in this round, a gap waits.
    const isFull = isGap ? fires.length > 0 || looked >= gapRound : fires.length >= fireRound;
    if (isFull) return { gap, fires, decidedTo, hasMore: true };
    decidedTo = scheduledAt;
    if (!isGap) fires.push(scheduledAt);
    else if (gap === null)
      gap = { cause: isPaused ? "paused" : "missed", fromAt: scheduledAt, throughAt: scheduledAt, count: 1 };
    else gap = { ...gap, throughAt: scheduledAt, count: gap.count + 1 };
  }
}

/** Nominal times that one round fires: each is a run, and all of them are one transaction. */
const fireRound = 100;
/** Nominal times that one round counts as missed: each costs a search of the calendar, some 40 µs of this thread. */
const gapRound = 250;

/** What a nominal time does, seen the run before it. */
export type OverlapDecision =
  | { readonly act: "fire" }
  | { readonly act: "cancel-and-fire" }
  | { readonly act: "buffer" }
  | { readonly act: "skip"; readonly why: string };

/** `open`: the schedule's last run, when it is not at rest. */
export function decideOverlap(overlap: Overlap, open: string | null, hasBuffered: boolean): OverlapDecision {
  if (open === null && !hasBuffered) return { act: "fire" };
  switch (overlap) {
    case "allow":
      return { act: "fire" };
    case "cancel-other":
      return { act: "cancel-and-fire" };
    case "buffer-one":
      return hasBuffered ? { act: "skip", why: "another scheduled time is already buffered" } : { act: "buffer" };
    case "skip":
      return { act: "skip", why: `${open ?? "the previous run"} has not ended` };
  }
}

/** When a schedule is looked at next; null: nothing is to come by itself. */
export function nextDue(
  schedule: { readonly id: string; readonly spec: ScheduleSpec; readonly decidedTo: number },
  hasBuffered: boolean,
  now: number,
): number | null {
  const next = nextScheduledTime(schedule.spec, schedule.decidedTo);
  const dueAt = next === null ? null : dueOf(schedule.spec, schedule.id, next);
  if (!hasBuffered) return dueAt;
  // The end of a run is told by whoever ends it; this look is for ends that nobody told.
  const lookAt = now + defaults.schedule.bufferPollMs;
  return dueAt === null ? lookAt : Math.min(dueAt, lookAt);
}
