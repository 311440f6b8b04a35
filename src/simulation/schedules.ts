import { dueOf, nextScheduledTime } from "../kernel/decide/schedule.ts";
import type { Schedules } from "../kernel/engine/schedules.ts";
import type { Origin } from "../kernel/model/run.ts";
import { type Overlap, type ScheduleRow, type ScheduleSpec, scheduleId } from "../kernel/model/schedule.ts";
import type { Transition } from "../kernel/model/transition.ts";
import type { SqliteCore } from "../stores/sqlite/core.ts";
import { type AnyWorkflow, on, workflow } from "../workflows/definition.ts";
import { Chance } from "./chance.ts";
import type { Cluster } from "./cluster.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Violation } from "./violation.ts";

/** The schedules of a seed; null in most seeds, since schedules never end by themselves. */
export interface ScheduleSetup {
  readonly overlap: Overlap;
  readonly everyMs: number;
  readonly napMs: number;
  /** Shorter than the smallest that a user can configure, so that the simulated downtimes miss some times. */
  readonly catchUpMs: number;
  readonly jitterMs: number;
}

const share = 0.3;
/** How long schedules continue after all faults are healed. Times due before that must be decided by then. */
export const settleMs = 6_000;

/** Drawn from its own random source, so that the other seeds replay unchanged. */
export function drawScheduleSetup(seed: number): ScheduleSetup | null {
  const chance = new Chance(seed ^ 0x5c4ed);
  if (!chance.happens(share)) return null;
  return {
    overlap: chance.pick(["allow", "skip", "buffer-one", "cancel-other"] as const),
    everyMs: chance.between(300, 1_500),
    napMs: chance.pick([0, 100, 900, 2_500]),
    catchUpMs: chance.pick([200, 1_500, 60_000]),
    jitterMs: chance.pick([0, 0, 50, 2_000]),
  };
}

/** Two schedules of two workflows: one that sleeps past its next times, and one by cron. */
export function createScheduled(scheduleSetup: ScheduleSetup): readonly AnyWorkflow[] {
  const { overlap, everyMs, napMs, catchUpMs, jitterMs } = scheduleSetup;
  const every = on.schedule({ every: "1s", overlap, input: ({ scheduledAt }: { scheduledAt: Date }) => +scheduledAt });
  const cron = on.schedule({ cron: "*/2 * * * * *", zone: "Europe/Berlin", overlap: "allow" });
  const napper = workflow({ name: "napper", on: every }, async (ctx, at: number) => {
    if (napMs > 0) await ctx.sleep("nap", napMs);
    return at;
  });
  const ticker = workflow({ name: "ticker", on: cron }, (ctx) => ctx.uuid());
  const timing: ScheduleSpec["timing"] = { by: "every", everyMs, from: 0 };
  return [
    withSpec(napper, (spec) => ({ ...spec, timing, catchUpMs, jitterMs })),
    withSpec(ticker, (spec) => ({ ...spec, catchUpMs })),
  ];
}

/** Sets times and windows that are shorter than a user can configure. */
function withSpec(scheduled: AnyWorkflow, change: (spec: ScheduleSpec) => ScheduleSpec): AnyWorkflow {
  return { ...scheduled, schedules: scheduled.schedules.map((each) => ({ ...each, spec: change(each.spec) })) };
}

/** Operators who pause, resume, run now and backfill, each at any process and without waiting for an answer. */
export function planOperators(
  cluster: Pick<Cluster, "anyProcess">,
  scheduler: Scheduler,
  chance: Chance,
  until: number,
): void {
  const by = { actor: "client", why: null };
  const act = (schedules: Schedules): Promise<unknown> => {
    const id = chance.pick(["napper", "ticker"]);
    switch (chance.pick(["pause", "resume", "resume", "run", "backfill"])) {
      case "pause":
        return schedules.pause(id, by);
      case "resume":
        return schedules.resume(id, by);
      case "run":
        return schedules.runNow(id, by);
      default:
        return schedules.backfill(id, { from: scheduler.now - 4_000 }, by);
    }
  };
  for (let at = chance.between(200, 2_000); at < until; at += chance.between(200, 3_000)) {
    scheduler.after(at, () => {
      const process = cluster.anyProcess();
      // Without an answer they do not know the outcome; the checker does.
      if (process !== null) act(process.engine.schedules).catch(() => {});
    });
  }
}

/** Pauses all schedules, so that all runs can end. */
export function pauseAll(core: SqliteCore): void {
  for (const row of core.query("schedules", { definition: null, after: null, limit: 100 })) {
    const { no: schedule, revision } = row;
    const audit = { actor: "simulation", verb: "pause-schedule", why: null };
    core.commit([{ kind: "schedule", act: "pause", schedule, revision, audit }]);
  }
}

/** Whether all runs except those of schedules have ended. */
export function isQuietExceptSchedules(core: SqliteCore): boolean {
  const sql = `select 1 from live l join definitions d on d.no = l.definition where d.name not in ('napper', 'ticker') limit 1`;
  return core.db.get(sql) === undefined;
}

// --- Planted bugs
// ---------------------------------------------------------------------------------------------------------

/** A start whose key does not contain its scheduled time. */
export function withRandomFireKeys(transition: Transition, chance: Chance): Transition {
  if (transition.kind !== "schedule" || transition.act !== "fire") return transition;
  const fires = transition.fires.map((fire) =>
    fire.start === null ? fire : { ...fire, start: { ...fire.start, idempotencyKey: `random:${chance.float()}` } },
  );
  return { ...transition, fires };
}

/** The next due time is committed by itself, and sometimes the process crashes before the firings follow. */
export function withoutFires(transition: Transition, chance: Chance): Transition {
  if (transition.kind !== "schedule" || transition.act !== "fire" || !chance.happens(0.1)) return transition;
  return { ...transition, fires: [], buffered: null };
}

// --- Checks ---------------------------------------------------------------------------------------------------------------

/**
 * INV-38 and 39: a scheduled time has at most one run, is accounted for, and never starts early by the store's clock.
 */
export function checkSchedules(core: SqliteCore): readonly Violation[] {
  const rows = core.query("schedules", { definition: null, after: null, limit: 100 });
  const runs = core.db
    .all<{ id: string; origin: string; created_at: number }>("select id, origin, created_at from runs")
    .map(({ id, origin, created_at }) => ({ id, createdAt: created_at, origin: JSON.parse(origin) as Origin }))
    .filter((run) => run.origin.scheduledAt !== undefined);
  return [...checkOnce(runs), ...rows.flatMap((row) => [...checkTimes(core, row), ...checkRuns(core, row, runs)])];
}

interface FiredRun {
  readonly id: string;
  readonly createdAt: number;
  readonly origin: Origin;
}

function checkOnce(runs: readonly FiredRun[]): Violation[] {
  const groups = Map.groupBy(runs, ({ origin }) => `${origin.schedule} at ${origin.scheduledAt}`);
  return [...groups]
    .filter(([, same]) => same.length > 1)
    .map(([time, same]) => ({
      invariant: "INV-38",
      detail: `${time} started ${same.map((run) => run.id).join(" and ")}`,
    }));
}

function checkTimes(core: SqliteCore, row: ScheduleRow): Violation[] {
  const found: Violation[] = [];
  const id = scheduleId(row);
  const now = core.context.clock.now();
  const fires = new Set(
    core.query("fires", { schedule: row.no, before: null, limit: 10_000 }).map((fire) => fire.scheduledAt),
  );
  const gaps = core.query("fireGaps", { schedule: row.no, limit: 10_000 });
  let inGaps = 0;
  for (
    let at = nextScheduledTime(row.spec, row.createdAt);
    at !== null && at <= row.decidedTo;
    at = nextScheduledTime(row.spec, at)
  ) {
    const scheduledAt = at;
    // A missed time stays missed when a backfill has started its run.
    const isInGap = gaps.some((gap) => gap.fromAt <= scheduledAt && scheduledAt <= gap.throughAt);
    if (isInGap) inGaps += 1;
    if (!isInGap && !fires.has(scheduledAt))
      found.push({ invariant: "INV-39", detail: `${id} at ${scheduledAt} was decided without an outcome` });
  }
  const counted = gaps.reduce((sum, gap) => sum + gap.count, 0);
  if (counted !== inGaps)
    found.push({ invariant: "INV-39", detail: `${id} counts ${counted} missed times instead of ${inGaps}` });
  const next = nextScheduledTime(row.spec, row.decidedTo);
  if (next !== null && dueOf(row.spec, id, next) < now - settleMs)
    found.push({ invariant: "INV-39", detail: `${id} at ${next} is overdue and not decided` });
  return found;
}

function checkRuns(core: SqliteCore, row: ScheduleRow, runs: readonly FiredRun[]): Violation[] {
  const found: Violation[] = [];
  const id = scheduleId(row);
  const own = new Map(runs.filter((run) => run.origin.schedule === id).map((run) => [run.id, run]));
  for (const fire of core.query("fires", { schedule: row.no, before: null, limit: 10_000 })) {
    if (fire.outcome === "fired" && own.get(fire.run ?? "")?.origin.scheduledAt !== fire.scheduledAt)
      found.push({
        invariant: "INV-39",
        detail: `${id} at ${fire.scheduledAt} names ${fire.run}, which is not its run`,
      });
  }
  for (const run of own.values()) {
    const dueAt = dueOf(row.spec, id, run.origin.scheduledAt ?? 0);
    if (run.createdAt < dueAt)
      found.push({ invariant: "INV-39", detail: `${run.id} started ${dueAt - run.createdAt} ms early` });
  }
  return found;
}
