import { Cron } from "croner";
import { BatonError } from "../model/errors.ts";
import type { Timing } from "../model/schedule.ts";
import { type Stretch, stretchAt } from "./zone.ts";

/**
 * Cron patterns in the OCPS dialect: five fields, or six with the seconds first; `L`, `W`, `#`, `+`, names and `@daily`.
 *
 * croner only reads the pattern and searches the calendar, in a clock that never changes. What summer time makes of a
 * wall-clock time is decided here, stretch by stretch of equal distance from UTC: croner decides it by the form of the
 * pattern, without a choice, and differently for `30 2 * * *` and `30 2,14 * * *`.
 */
export type CronTiming = Extract<Timing, { by: "cron" }>;

const patternMax = 200;
/** Longer lists say nothing that a range does not say, and each entry costs memory in whoever reads them. */
const entriesMax = 60;
/** 29 February on a given weekday comes once in 40 years around 2100; what is rarer than this never comes. */
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

/** The pattern with its nickname spelled out and single spaces. Throws in bounded time, whatever it is given. */
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

/** Any fixed day: whether a pattern ever comes does not depend on when it is asked. */
const firstDay = Date.UTC(2000, 0, 1);

/** Before croner sees it: what it is given can be neither long nor large. */
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

/** Read patterns; they are few and are asked again and again. */
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

/** The first wall-clock time of the pattern after this one; both as if the wall clock were UTC. */
function nextWall(calendar: Cron, after: number): number | null {
  const next = calendar.nextRun(new Date(after))?.getTime() ?? null;
  return next === null || next > after + yearsMax * yearMs ? null : next;
}

/** Whether the pattern names this wall-clock time. */
export function isOnPattern(pattern: string, wall: number): boolean {
  return nextWall(calendarOf(pattern), wall - 1) === wall;
}

/**
 * Whether the pattern names no hour. Such a schedule goes by elapsed time: the repeated hour is an hour like any other,
 * and to leave it out would make a hole of two hours in what was asked for every fifteen minutes.
 */
export function isEveryHour(pattern: string): boolean {
  const fields = pattern.split(" ");
  const hour = fields[fields.length - 4];
  return hour === "*" || hour === "?" || hour === "*/1";
}

/** The first instant after `after` at which the pattern fires; null when none comes within a hundred years. */
export function nextCron(timing: CronTiming, after: number): number | null {
  const calendar = calendarOf(timing.pattern);
  const giveUpAt = after + yearsMax * yearMs;
  let stretch = stretchAt(timing.zone, after);
  let found = firstWithin(timing, calendar, stretch, after);
  // The next stretch is always looked at by itself: its repeated hour may hold what lay before `after`.
  let mayJump = false;
  while (found !== null && found >= stretch.to) {
    if (stretch.to > giveUpAt) return null;
    // From a whole stretch without a fire it is safe to go near to where the calendar has the next one.
    const from = mayJump ? Math.max(stretch.to, found - 2 * dayMs) : stretch.to;
    mayJump = true;
    stretch = stretchAt(timing.zone, from);
    found = firstWithin(timing, calendar, stretch, from - 1);
  }
  return found === null || found > giveUpAt ? null : found;
}

const dayMs = 86_400_000;

/** The first fire after `after` as if the stretch had no end; `after` may lie just before its beginning. */
function firstWithin(timing: CronTiming, calendar: Cron, stretch: Stretch, after: number): number | null {
  const { from, offsetMs, offsetBeforeMs } = stretch;
  let wall = after + offsetMs;
  if (after < from && offsetMs > offsetBeforeMs && timing.gap === "next-valid") {
    // What the change has left out comes at its very moment, once, however many times of the pattern it has swallowed.
    const left = nextWall(calendar, from + offsetBeforeMs - 1);
    if (left !== null && left <= from + offsetMs) return from;
    wall = from + offsetMs - 1;
  }
  if (offsetMs < offsetBeforeMs && timing.repeated === "once") {
    // Up to here the wall clock shows times that it has shown before.
    wall = Math.max(wall, from + offsetBeforeMs - 1);
  }
  const next = nextWall(calendar, wall);
  return next === null ? null : next - offsetMs;
}
