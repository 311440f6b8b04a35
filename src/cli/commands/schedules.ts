import type { RunDetail } from "../../wire/run.ts";
import type { Backfill, FiringView, ScheduleDetail, ScheduleSummary } from "../../wire/schedule.ts";
import { type CommandContext, runConnected } from "../command.ts";
import type { Connection, Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { readCount } from "../input.ts";
import { ago, type Colour, type Column, plain, table } from "../text.ts";
import { rowsMax } from "./runs.ts";

export interface SchedulesOptions extends Globals {
  readonly workflow?: string;
  readonly limit: string;
}

export interface ScheduleVerbOptions extends Globals {
  readonly reason?: string;
}

export interface BackfillOptions extends ScheduleVerbOptions {
  readonly from: string;
  readonly to?: string;
  readonly dryRun?: boolean;
}

export interface NextOptions extends Globals {
  readonly count: string;
}

/** Scheduled times that the API returns at once. */
const nextMax = 100;

/** `baton schedules` */
export function listSchedules(options: SchedulesOptions): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const limit = readCount("--limit", options.limit, rowsMax);
    const query = { workflow: options.workflow, next: 1 };
    const schedules = await connection.client.rows<ScheduleSummary>("/api/schedules", query, limit);
    if (io.format !== "human") io.list(schedules);
    else if (schedules.length === 0) io.say("no schedules");
    else io.lines(table(columns(Date.now(), connection.isServer), schedules, io));
    if (!connection.isServer) io.say("no server is running: schedules start nothing until one does (baton start)");
    return exit.ok;
  });
}

function columns(now: number, isServer: boolean): readonly Column<ScheduleSummary>[] {
  return [
    { head: "SCHEDULE", cell: (schedule) => schedule.name },
    { head: "WORKFLOW", cell: (schedule) => schedule.workflow },
    { head: "WHEN", cell: (schedule) => schedule.text },
    { head: "ZONE", cell: (schedule) => schedule.timing.zone ?? "UTC" },
    {
      head: "NEXT",
      cell: (schedule) => nextCell(schedule, now),
      colour: (schedule): Colour => (schedule.isPaused ? "yellow" : "bold"),
    },
    {
      head: "LAST",
      cell: ({ lastFire }) => (lastFire === null ? "-" : `${lastFire.outcome} ${ago(lastFire.scheduledAt, now)}`),
    },
    { head: "NOTE", cell: (schedule) => noteOf(schedule, isServer) },
  ];
}

function nextCell({ isPaused, next }: ScheduleSummary, now: number): string {
  if (isPaused) return "paused";
  const [first] = next;
  return first === undefined ? "never" : `${first.local} (${until(first.at, now)})`;
}

/** Without a server no code is loaded at all, so this is not specific to the schedule. */
function noteOf(schedule: ScheduleSummary, isServer: boolean): string {
  const { isPaused, pausedBy, pausedWhy, isLoaded, lastGap, lastFire } = schedule;
  if (isPaused) return `paused by ${pausedBy ?? "?"}${pausedWhy === null ? "" : `: ${pausedWhy}`}`;
  const isGapLast = lastGap?.cause === "missed" && (lastFire === null || lastGap.through > lastFire.scheduledAt);
  if (isGapLast) return `missed ${lastGap.count} until ${lastGap.through}`;
  return isLoaded || !isServer ? "" : "code not loaded on this server";
}

/** The time until then. */
function until(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((Date.parse(at) - now) / 1000));
  if (seconds < 60) return `in ${seconds} s`;
  if (seconds < 3600) return `in ${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `in ${Math.floor(seconds / 3600)} h`;
  return `in ${Math.floor(seconds / 86_400)} d`;
}

/** `baton schedules show` */
export function showSchedule(id: string, options: Globals): Promise<Exit> {
  return runConnected(options, "read", async (context) => {
    const schedule = await context.connection.client.get<ScheduleDetail>(pathOf(id));
    printSchedule(context, schedule);
    return exit.ok;
  });
}

/** `baton schedules pause` and `resume` */
export function changeSchedule(verb: "pause" | "resume", id: string, options: ScheduleVerbOptions): Promise<Exit> {
  return runConnected(options, "act", async (context) => {
    const body = options.reason === undefined ? {} : { reason: options.reason };
    printSchedule(context, await context.connection.client.post<ScheduleDetail>(`${pathOf(id)}/${verb}`, body));
    return exit.ok;
  });
}

/** `baton schedules run` */
export function runSchedule(id: string, options: ScheduleVerbOptions): Promise<Exit> {
  return runConnected(options, "act", async ({ io, connection }) => {
    const body = options.reason === undefined ? {} : { reason: options.reason };
    const run = await connection.client.post<RunDetail>(`${pathOf(id)}/run-now`, body);
    if (io.format === "human") io.lines([run.id]);
    else io.document(run);
    sayIdle(connection, io.say);
    return exit.ok;
  });
}

/** `baton schedules backfill` */
export function backfillSchedule(id: string, options: BackfillOptions): Promise<Exit> {
  return runConnected(options, "act", async ({ io, connection }) => {
    const { from, to, dryRun, reason } = options;
    const filled = await connection.client.post<Backfill>(`${pathOf(id)}/backfill`, {
      from,
      ...(to === undefined ? {} : { to }),
      ...(dryRun === true ? { dryRun } : {}),
      ...(reason === undefined ? {} : { reason }),
    });
    if (io.format !== "human") io.document(filled);
    else if (filled.items.length === 0) io.say("no scheduled times in this range");
    else io.lines(table(backfillColumns(filled.dryRun), filled.items, io));
    const count = filled.items.filter((item) => item.isNew).length;
    if (io.format === "human")
      io.say(filled.dryRun ? `would start ${count} of ${filled.items.length}` : `started ${count}`);
    if (!filled.dryRun && count > 0) sayIdle(connection, io.say);
    return exit.ok;
  });
}

function backfillColumns(isDryRun: boolean): readonly Column<Backfill["items"][number]>[] {
  return [
    { head: "SCHEDULED", cell: (item) => item.local },
    { head: "RUN", cell: (item) => item.run ?? "-" },
    {
      head: "RESULT",
      cell: (item) => {
        if (item.refusal !== null) return `refused: ${item.refusal}`;
        return item.isNew ? (isDryRun ? "would start" : "started") : "already has a run";
      },
    },
  ];
}

/** `baton schedules next` */
export function nextScheduledTimes(id: string, options: NextOptions): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const next = readCount("--count", options.count, nextMax);
    const schedule = await connection.client.get<ScheduleDetail>(pathOf(id), { next });
    if (io.format !== "human") io.list(schedule.next);
    else if (schedule.next.length === 0) io.say("no upcoming times");
    else io.lines(table(nextColumns(Date.now()), schedule.next, io));
    return exit.ok;
  });
}

function nextColumns(now: number): readonly Column<ScheduleDetail["next"][number]>[] {
  return [
    { head: "LOCAL", cell: (fire) => fire.local },
    { head: "UTC", cell: (fire) => fire.at },
    { head: "IN", cell: (fire) => until(fire.at, now) },
    { head: "NOTE", cell: (fire) => (fire.isMoved ? "shifted: this local time does not exist on that day" : "") },
  ];
}

function pathOf(id: string): string {
  return `/api/schedules/${encodeURIComponent(id)}`;
}

function sayIdle(connection: Connection, say: (text: string) => void): void {
  if (!connection.isServer) say("no server is running: what was started begins when a server starts (baton start)");
}

function printSchedule(
  { io, connection }: CommandContext & { connection: Connection },
  schedule: ScheduleDetail,
): void {
  if (io.format === "human") io.lines(page(schedule, connection.isServer, io));
  else io.document(schedule);
}

function page(
  schedule: ScheduleDetail,
  isServer: boolean,
  style: Pick<CommandContext["io"], "paint" | "width">,
): string[] {
  const now = Date.now();
  const { timing } = schedule;
  const facts: [string, string][] = [
    ["schedule", schedule.id],
    ["when", schedule.text + (timing.zone === undefined ? "" : ` in ${timing.zone}`)],
    ["overlap", schedule.overlap],
    ...(timing.by === "cron"
      ? ([["clocks", `gap ${timing.gap}, repeated ${timing.repeated}`]] as [string, string][])
      : []),
    ...(schedule.buffered === null ? [] : ([["buffered", schedule.buffered]] as [string, string][])),
    ["note", noteOf(schedule, isServer) || "-"],
  ];
  return [
    ...facts.map(([name, value]) => `${style.paint("grey", name.padEnd(9))} ${plain(value)}`),
    "",
    ...(schedule.next.length === 0 ? ["no upcoming times"] : table(nextColumns(now), schedule.next, style)),
    "",
    ...(schedule.fires.length === 0 ? ["no firings yet"] : table(firingColumns(now), schedule.fires, style)),
    ...schedule.gaps.map((gap) => `${gap.cause} ${gap.count} from ${gap.from} to ${gap.through}`),
  ];
}

function firingColumns(now: number): readonly Column<FiringView>[] {
  return [
    { head: "SCHEDULED", cell: (fire) => fire.scheduledAt },
    {
      head: "OUTCOME",
      cell: (fire) => fire.outcome,
      colour: (fire) => (fire.outcome === "fired" ? "green" : "yellow"),
    },
    { head: "DECIDED", cell: (fire) => ago(fire.decidedAt, now) },
    { head: "RUN", cell: (fire) => fire.run ?? "-" },
    { head: "REASON", cell: (fire) => fire.why ?? "" },
  ];
}
