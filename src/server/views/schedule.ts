import { nextScheduledTimes, wallClock } from "../../kernel/decide/schedule.ts";
import type { Engine } from "../../kernel/engine/engine.ts";
import type { BackfillItem as KernelItem } from "../../kernel/engine/schedules.ts";
import {
  type Firing,
  type FiringGap,
  type ScheduleRow,
  type ScheduleSpec,
  scheduleId,
} from "../../kernel/model/schedule.ts";
import { formatDuration } from "../../stdx/duration.ts";
import type {
  BackfillItem,
  FiringGapView,
  FiringView,
  NextFiring,
  ScheduleDetail,
  ScheduleSummary,
  TimingView,
} from "../../wire/schedule.ts";
import { iso, isoOrNull } from "./time.ts";

const nextShown = 5;
const historyShown = 20;

/** A schedule in lists; `now` is store time. */
export function scheduleSummary(engine: Engine, row: ScheduleRow, now: number, next = nextShown): ScheduleSummary {
  const { spec } = row;
  return {
    id: scheduleId(row),
    workflow: row.definition,
    name: row.name,
    timing: timingView(spec),
    text: timingText(spec),
    overlap: spec.overlap,
    catchUpMs: spec.catchUpMs,
    jitterMs: spec.jitterMs,
    isPaused: row.isPaused,
    pausedBy: row.pausedBy,
    pausedWhy: row.pausedWhy,
    pausedAt: isoOrNull(row.pausedAt),
    next: nextScheduledTimes(spec, now, next).map((at) => nextView(spec, at)),
    buffered: isoOrNull(row.buffered),
    lastFire: row.lastFire === null ? null : firingView(row.lastFire),
    lastGap: row.lastGap === null ? null : gapView(row.lastGap),
    isLoaded: engine.schedules.isLoaded(row),
    createdAt: iso(row.createdAt),
  };
}

export async function scheduleDetail(engine: Engine, row: ScheduleRow, next = nextShown): Promise<ScheduleDetail> {
  const { schedules } = engine;
  const [now, fires, gaps] = await Promise.all([
    schedules.now(),
    schedules.fires(row, historyShown),
    schedules.gaps(row, historyShown),
  ]);
  return { ...scheduleSummary(engine, row, now, next), fires: fires.map(firingView), gaps: gaps.map(gapView) };
}

export function backfillView(row: ScheduleRow, item: KernelItem): BackfillItem {
  const { scheduledAt, run, isNew, refusal } = item;
  return {
    scheduledAt: iso(scheduledAt),
    nominalAt: iso(scheduledAt),
    local: wallClock(row.spec, scheduledAt).local,
    run,
    isNew,
    refusal,
  };
}

function nextView(spec: ScheduleSpec, at: number): NextFiring {
  return { at: iso(at), ...wallClock(spec, at) };
}

function firingView({ scheduledAt, outcome, run, why, at }: Firing): FiringView {
  return { scheduledAt: iso(scheduledAt), nominalAt: iso(scheduledAt), outcome, run, why, decidedAt: iso(at) };
}

function gapView({ cause, fromAt, throughAt, count }: FiringGap): FiringGapView {
  return { cause, from: iso(fromAt), through: iso(throughAt), count };
}

function timingView({ timing }: ScheduleSpec): TimingView {
  switch (timing.by) {
    case "cron":
      return {
        by: "cron",
        cron: timing.pattern,
        zone: timing.zone,
        gap: timing.gap,
        repeated: timing.repeated,
      };
    case "every":
      return { by: "every", everyMs: timing.everyMs, from: iso(timing.from) };
    case "at":
      return { by: "at", at: iso(timing.at) };
  }
}

function timingText({ timing }: ScheduleSpec): string {
  switch (timing.by) {
    case "cron":
      return timing.pattern;
    case "every":
      return `every ${formatDuration(timing.everyMs)}`;
    case "at":
      return `once at ${iso(timing.at)}`;
  }
}
