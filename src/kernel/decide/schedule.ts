import { type Duration, parseDuration } from "../../stdx/duration.ts";
import { hash53Number } from "../../stdx/hash.ts";
import { parseTimestamp, type Timestamp, timestampHint } from "../../stdx/timestamp.ts";
import { BatonError } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import { type FiringGap, type Overlap, overlaps, type ScheduleSpec, type Timing } from "../model/schedule.ts";
import { checkPattern, isEveryHour, isOnPattern, nextCron } from "./cron.ts";
import { checkZone, offsetPeriodAt } from "./zone.ts";

/** The timing options of a schedule as its author writes them; exactly one of `cron`, `every` and `at`. */
export interface TimingOptions {
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

/** Checks all options in bounded time. Throws a `BatonError` with code `invalid-schedule` that names the option. */
export function checkSchedule(options: TimingOptions): ScheduleSpec {
  const timing = checkTiming(options);
  const overlap = oneOf("overlap", options.overlap ?? "skip", overlaps);
  const catchUpMs = Math.max(durationOf("catchUp", options.catchUp ?? defaults.schedule.catchUpMs), lateMs);
  const jitterMs = durationOf("jitter", options.jitter ?? 0);
  if (jitterMs > defaults.schedule.jitterMaxMs)
    throw invalid(
      `jitter must be at most one day, not ${String(options.jitter)}`,
      "use a second schedule for another time of day",
    );
  return { timing, overlap, catchUpMs, jitterMs };
}

/** A firing up to this late, for example after a busy second or a restart, is never missed. */
const lateMs = 10_000;

function checkTiming(options: TimingOptions): Timing {
  const forms = (["cron", "every", "at"] as const).filter((form) => options[form] !== undefined);
  if (forms.length !== 1)
    throw invalid(
      `a schedule needs exactly one of cron, every and at, not ${forms.length === 0 ? "none" : forms.join(" and ")}`,
    );
  for (const [option, form] of Object.entries(ownOptions)) {
    if (options[option as keyof TimingOptions] !== undefined && form !== forms[0])
      throw invalid(`${option} belongs to ${form} and cannot be used with ${forms[0]}`);
  }
  if (options.every !== undefined) return everyTiming(options.every, options.from);
  if (options.at !== undefined) return { by: "at", at: timestampOf("at", options.at) };
  if (options.zone === undefined)
    throw invalid("a cron schedule needs a time zone", 'set zone, for example "Europe/Berlin" or "UTC"');
  const pattern = checkPattern(options.cron);
  return {
    by: "cron",
    pattern,
    zone: checkZone(options.zone),
    gap: oneOf("gap", options.gap ?? "next-valid", ["next-valid", "skip"] as const),
    repeated: oneOf("repeated", options.repeated ?? (isEveryHour(pattern) ? "twice" : "once"), [
      "once",
      "twice",
    ] as const),
  };
}

/** Options that are valid for one form of timing only. */
const ownOptions = { zone: "cron", gap: "cron", repeated: "cron", from: "every" } as const;

function everyTiming(every: Duration, from: Timestamp | undefined): Timing {
  const everyMs = durationOf("every", every);
  if (everyMs < defaults.schedule.everyMinMs)
    throw invalid(`every must be at least ${defaults.schedule.everyMinMs} ms, not ${String(every)}`);
  // Without `from`, the times are multiples of the interval since 1970 in UTC: the same on every machine and after
  // every deploy.
  return { by: "every", everyMs, from: from === undefined ? 0 : timestampOf("from", from) };
}

function durationOf(option: string, value: Duration): number {
  try {
    return parseDuration(value);
  } catch (cause) {
    throw invalid(`${option}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function timestampOf(option: string, value: Timestamp): number {
  const at = parseTimestamp(value);
  if (at === null) throw invalid(`${option} is not a valid timestamp: ${String(value).slice(0, 80)}`, timestampHint);
  return at;
}

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw invalid(`${option} must be one of ${known.join(", ")}, not ${JSON.stringify(value)?.slice(0, 40)}`);
}

function invalid(message: string, hint?: string): BatonError {
  return new BatonError("invalid-schedule", message, hint === undefined ? {} : { hint });
}

// --- Times -----------------------------------------------------------------------------------------------------------

/** The first scheduled time after `after`, or null if there is none. */
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

/** Up to `limit` scheduled times after `after`, none later than `through`. */
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

/**
 * The wall-clock time of a scheduled time in the schedule's zone, and whether the spring clock change moved it there.
 */
export function wallClock({ timing }: ScheduleSpec, at: number): { local: string; isMoved: boolean } {
  const { from, offsetMs, offsetBeforeMs } = offsetPeriodAt(timing.by === "cron" ? timing.zone : "UTC", at);
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

/** When a scheduled time is due: its time plus its jitter. A retry or another worker computes the same jitter. */
export function dueOf(spec: ScheduleSpec, id: string, scheduledAt: number): number {
  return scheduledAt + (spec.jitterMs === 0 ? 0 : hash53Number(`${id} ${scheduledAt}`) % (spec.jitterMs + 1));
}

/**
 * A new or changed schedule is evaluated for times after this one: after now, but a one-time schedule that has just
 * passed still counts.
 */
export function decidedFrom({ timing }: ScheduleSpec, now: number): number {
  return timing.by === "at" ? Math.min(now, timing.at - 1) : now;
}

/**
 * The scheduled times of `(decidedTo, now]` as one gap, or null. Bounded: of a schedule that was not decided for long,
 * only the first `passedMax` times are counted.
 */
export function passedGap(spec: ScheduleSpec, decidedTo: number, now: number, isPaused: boolean): FiringGap | null {
  let gap = null as FiringGap | null;
  let at = nextScheduledTime(spec, decidedTo);
  for (let count = 1; at !== null && at <= now && count <= passedMax; count++) {
    gap = { cause: isPaused ? "paused" : "missed", fromAt: gap?.fromAt ?? at, throughAt: at, count };
    at = nextScheduledTime(spec, at);
  }
  return gap;
}

/** Each costs a calendar search of some 40 µs inside the transaction that changes the schedule. */
const passedMax = 1_000;

/** The idempotency key of a scheduled time: every process that starts its run starts the same run. */
export function fireKey(name: string, scheduledAt: number): string {
  return `schedule:${name}:${scheduledAt}`;
}

// --- Decisions -------------------------------------------------------------------------------------------------------

/** What to decide about a schedule now. The times are in order: first the gap, then the firings. */
export interface DueFirings {
  readonly gap: FiringGap | null;
  readonly fires: readonly number[];
  /** Every scheduled time up to this one is decided. */
  readonly decidedTo: number;
  /** More times are due than one round decides. */
  readonly hasMore: boolean;
}

/**
 * Decides which scheduled times of `(decidedTo, now]` fire and which are missed. A round is bounded: a schedule that
 * fires every second takes several rounds after a year of downtime, and none uses all memory.
 */
export function decideFirings(
  schedule: {
    readonly id: string;
    readonly spec: ScheduleSpec;
    readonly decidedTo: number;
    readonly isPaused: boolean;
  },
  now: number,
): DueFirings {
  const { id, spec, isPaused } = schedule;
  const fires: number[] = [];
  let gap: FiringGap | null = null as FiringGap | null;
  let decidedTo = schedule.decidedTo;
  for (let decided = 0; ; decided++) {
    const scheduledAt = nextScheduledTime(spec, decidedTo);
    const dueAt = scheduledAt === null ? null : dueOf(spec, id, scheduledAt);
    if (scheduledAt === null || dueAt === null || dueAt > now) return { gap, fires, decidedTo, hasMore: false };
    const isGap = isPaused || now - dueAt > spec.catchUpMs;
    // Jitter can make the later of two times due first. Once something fires in this round, a gap waits for the next.
    const isFull = isGap ? fires.length > 0 || decided >= missesPerRound : fires.length >= firingsPerRound;
    if (isFull) return { gap, fires, decidedTo, hasMore: true };
    decidedTo = scheduledAt;
    if (!isGap) fires.push(scheduledAt);
    else if (gap === null)
      gap = { cause: isPaused ? "paused" : "missed", fromAt: scheduledAt, throughAt: scheduledAt, count: 1 };
    else gap = { ...gap, throughAt: scheduledAt, count: gap.count + 1 };
  }
}

/** Scheduled times that one round fires: each is a run, and all are one transaction. */
const firingsPerRound = 100;
/** Scheduled times that one round counts as missed: each costs a calendar search of some 40 µs on this thread. */
const missesPerRound = 250;

/** What a scheduled time does, given the run before it. */
export type OverlapDecision =
  | { readonly act: "fire" }
  | { readonly act: "cancel-and-fire" }
  | { readonly act: "buffer" }
  | { readonly act: "skip"; readonly why: string };

/** `open`: the schedule's last run, if it has not ended. */
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

/** When a schedule is evaluated next; null: it has no further times. */
export function nextDue(
  schedule: { readonly id: string; readonly spec: ScheduleSpec; readonly decidedTo: number },
  hasBuffered: boolean,
  now: number,
): number | null {
  const next = nextScheduledTime(schedule.spec, schedule.decidedTo);
  const dueAt = next === null ? null : dueOf(schedule.spec, schedule.id, next);
  if (!hasBuffered) return dueAt;
  // The process that ends a run reports it. This poll is for ends that were not reported.
  const pollAt = now + defaults.schedule.bufferPollMs;
  return dueAt === null ? pollAt : Math.min(dueAt, pollAt);
}
