import { Cron } from "croner";
import { BatonError } from "../model/errors.ts";
import type { Timing } from "../model/schedule.ts";
import { type OffsetPeriod, offsetPeriodAt } from "./zone.ts";

/**
 * Cron patterns in the OCPS dialect: five fields, or six with the seconds first; `L`, `W`, `#`, `+`, names and
 * `@daily`.
 *
 * croner only parses the pattern and searches the calendar, in a clock without changes. How daylight saving time
 * affects a wall-clock time is decided here, one period of constant UTC offset at a time: croner decides it by the form
 * of the pattern, offers no choice, and treats `30 2 * * *` and `30 2,14 * * *` differently.
 */
export type CronTiming = Extract<Timing, { by: "cron" }>;

const patternMax = 200;
/** A longer list can be written as a range, and each entry costs memory in the parser. */
const entriesMax = 60;
/**
 * 29 February on a given weekday comes once in 40 years around 2100. A pattern with no match in this time never
 * matches.
 */
const yearsMax = 100;
const yearMs = 366 * 86_400_000;

const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Returns the pattern with its nickname expanded and single spaces. Throws in bounded time, for any input. */
export function checkPattern(pattern: unknown): string {
  if (typeof pattern !== "string" || pattern.length > patternMax)
    throw invalid(pattern, `is not a string of at most ${patternMax} characters`);
  const text = pattern.trim().replaceAll(/[ \t]+/g, " ");
  const spelled = nicknames[text.toLowerCase()] ?? text;
  const fields = spelled.split(" ");
  if (fields.length !== 5 && fields.length !== 6)
    throw invalid(
      pattern,
      `has ${spelled === "" ? 0 : fields.length} fields instead of 5, or 6 with the seconds first`,
    );
  for (const field of fields) checkField(pattern, field);
  const calendar = calendarOf(spelled, pattern);
  if (nextWall(calendar, firstDay) === null)
    throw invalid(pattern, "never matches: this date does not exist", "check its days and months");
  return spelled;
}

/** Any fixed day: whether a pattern ever matches does not depend on the current time. */
const firstDay = Date.UTC(2000, 0, 1);

/** Checked before croner parses it, so that croner receives neither long lists nor large numbers. */
function checkField(pattern: string, field: string): void {
  const entries = field.split(",");
  if (entries.length > entriesMax) throw invalid(pattern, `has a list of more than ${entriesMax} entries`);
  for (const entry of entries) {
    if (!/^\+?[A-Za-z\d*?#/-]+$/.test(entry) || /\d{3,}|--|-\//.test(entry))
      throw invalid(pattern, `has the entry ${JSON.stringify(entry.slice(0, 40))}, which cannot be read`);
  }
}

function invalid(pattern: unknown, problem: string, hint?: string): BatonError {
  const shown = typeof pattern === "string" ? JSON.stringify(pattern.slice(0, 80)) : typeof pattern;
  return new BatonError("invalid-schedule", `the cron pattern ${shown} ${problem}`, {
    hint: hint ?? 'use minute, hour, day, month and weekday, such as "30 2 * * MON-FRI"',
  });
}

/** Parsed patterns. They are few and used repeatedly. */
const calendars = new Map<string, Cron>();
const calendarsMax = 1_000;

function calendarOf(spelled: string, written = spelled): Cron {
  const known = calendars.get(spelled);
  if (known !== undefined) return known;
  let calendar: Cron;
  try {
    calendar = new Cron(spelled, { timezone: "UTC", mode: "5-or-6-parts" });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.replace(/^CronPattern: /, "") : String(cause);
    throw invalid(written, `cannot be read: ${problem}`);
  }
  if (calendars.size >= calendarsMax) calendars.clear();
  calendars.set(spelled, calendar);
  return calendar;
}

/** The first wall-clock time of the pattern after `after`. Both are given as if the wall clock were UTC. */
function nextWall(calendar: Cron, after: number): number | null {
  const next = calendar.nextRun(new Date(after))?.getTime() ?? null;
  return next === null || next > after + yearsMax * yearMs ? null : next;
}

/** Whether the pattern matches this wall-clock time. */
export function isOnPattern(pattern: string, wall: number): boolean {
  return nextWall(calendarOf(pattern), wall - 1) === wall;
}

/**
 * Whether the pattern names no hour. Such a schedule follows elapsed time: the repeated hour is an hour like any other,
 * and skipping it would leave a gap of two hours in a schedule of every fifteen minutes.
 */
export function isEveryHour(pattern: string): boolean {
  const fields = pattern.split(" ");
  const hour = fields[fields.length - 4];
  return hour === "*" || hour === "?" || hour === "*/1";
}

/** The first instant after `after` at which the pattern fires; null if there is none within a hundred years. */
export function nextCron(timing: CronTiming, after: number): number | null {
  const calendar = calendarOf(timing.pattern);
  const giveUpAt = after + yearsMax * yearMs;
  let period = offsetPeriodAt(timing.zone, after);
  let found = firstWithin(timing, calendar, period, after);
  // The next period is always searched on its own: its repeated hour may contain times from before `after`.
  let mayJump = false;
  while (found !== null && found >= period.to) {
    if (period.to > giveUpAt) return null;
    // After a whole period without a firing it is safe to jump close to the calendar's next match.
    const from = mayJump ? Math.max(period.to, found - 2 * dayMs) : period.to;
    mayJump = true;
    period = offsetPeriodAt(timing.zone, from);
    found = firstWithin(timing, calendar, period, from - 1);
  }
  return found === null || found > giveUpAt ? null : found;
}

const dayMs = 86_400_000;

/** The first firing after `after` as if the period had no end. `after` may lie just before its start. */
function firstWithin(timing: CronTiming, calendar: Cron, period: OffsetPeriod, after: number): number | null {
  const { from, offsetMs, offsetBeforeMs } = period;
  let wall = after + offsetMs;
  if (after < from && offsetMs > offsetBeforeMs && timing.gap === "next-valid") {
    // Times that the change skips fire once, at the change itself, however many of them match the pattern.
    const left = nextWall(calendar, from + offsetBeforeMs - 1);
    if (left !== null && left <= from + offsetMs) return from;
    wall = from + offsetMs - 1;
  }
  if (offsetMs < offsetBeforeMs && timing.repeated === "once") {
    // Up to here the wall clock repeats times that it has already shown.
    wall = Math.max(wall, from + offsetBeforeMs - 1);
  }
  const next = nextWall(calendar, wall);
  return next === null ? null : next - offsetMs;
}
