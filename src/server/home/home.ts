import { describeReason } from "../../kernel/model/reason.ts";
import { isAtRest, type RunStatus } from "../../kernel/model/status.ts";
import type { CountRow, Queries } from "../../kernel/ports/queries.ts";
import type { Home, HourTotal, LongWait } from "../../wire/home.ts";
import type { Services } from "../services.ts";
import { causeView } from "../views/cause.ts";
import { hourMs, iso } from "../views/time.ts";
import { executionVerdict, freshnessVerdict, workflowVerdict } from "./verdicts.ts";

const hoursShown = 24;
/** "Recently" means the current hour and the previous one. */
const recentHours = 2;
/** The period that "recently" is compared with. */
const usualHours = 7 * 24;
/** Shorter waits are not listed. */
const longMs = hourMs;
const shownMax = 5;
const causesMax = 20;

/** The home page, built from counters and small pages only. */
export async function readHome(services: Services): Promise<Home> {
  const { store, clock } = services;
  const stats = await store.query("stats", {});
  const processNow = clock.now();
  const thisHour = Math.floor(stats.now / hourMs);
  const recentFrom = thisHour - recentHours + 1;
  const [counts, causes, deadCount, totals, recent, usual, waits, unrouted, lacking] = await Promise.all([
    store.query("counts", {}),
    store.query("newestCauses", { limit: causesMax }),
    store.query("deadCount", {}),
    store.query("hourTotals", { from: thisHour - hoursShown + 1, to: thisHour + 1 }),
    store.query("endings", { from: recentFrom, to: thisHour + 1 }),
    store.query("endings", { from: recentFrom - usualHours, to: recentFrom }),
    readLongWaits(services, stats.now),
    store.query("unrouted", { limit: 1 }),
    readLacking(services),
  ]);
  const runs = total(counts, () => true);
  return {
    verdicts: [
      workflowVerdict({ recent, usual, causes, runs, since: recentFrom * hourMs }),
      executionVerdict({
        stats,
        lacking,
        open: total(counts, ({ status }) => !isAtRest(status)),
        problems: services.loaded().problems,
      }),
      freshnessVerdict({ storeNow: stats.now, processNow, unroutedSince: unrouted[0]?.at ?? null }),
    ],
    needsYou: {
      deadLetters: deadCount.count,
      suspended: total(counts, ({ status }) => status === "suspended"),
    },
    newErrors: causes
      .filter(({ firstAt }) => firstAt >= stats.now - 24 * hourMs)
      .slice(0, shownMax)
      .map((cause) => causeView(cause, stats.now)),
    longWaits: waits,
    hours: hoursView(totals, thisHour),
    runs,
  };
}

function total(counts: readonly CountRow[], isCounted: (row: CountRow) => boolean): number {
  return counts.filter(isCounted).reduce((sum, row) => sum + row.count, 0);
}

function hoursView(totals: Queries["hourTotals"]["result"], thisHour: number): readonly HourTotal[] {
  return Array.from({ length: hoursShown }, (_, i) => {
    const hour = thisHour - hoursShown + 1 + i;
    const of = (status: string): number =>
      totals.find((each) => each.hour === hour && each.status === status)?.count ?? 0;
    return {
      hour: iso(hour * hourMs),
      started: of("started"),
      completed: of("completed"),
      failed: of("failed"),
      cancelled: of("cancelled"),
    };
  });
}

async function readLongWaits({ store }: Services, now: number): Promise<readonly LongWait[]> {
  const waits = await store.query("longWaits", { since: now - longMs, limit: shownMax });
  const rows = await store.query("runsOf", { runs: waits.map(({ run }) => run) });
  return waits.flatMap(({ run, since }) => {
    const row = rows.find(({ no }) => no === run);
    if (row === undefined) return [];
    const { id, definition, key, reason } = row;
    const reasonText = reason === null ? null : describeReason(reason);
    return [{ id, name: definition.name, key, reasonText, since: iso(since) }];
  });
}

/** Versions with open runs whose code this process does not have and cannot load. */
async function readLacking({
  store,
  engine,
  versions,
}: Services): Promise<readonly { name: string; version: number; why: string }[]> {
  // A read-only process has no code at all, so nothing is missing.
  if (versions === null) return [];
  const rows = await store.query("versions", { name: null });
  const isHere = ({ name, version }: { name: string; version: number }): boolean =>
    [...engine.handlers.map(({ definition }) => definition), ...versions.ready].some(
      (each) => each.name === name && each.version === version,
    );
  const open = rows.filter(
    ({ counts, definition }) =>
      !isHere(definition) && Object.entries(counts).some(([status, n]) => n > 0 && !isAtRest(status as RunStatus)),
  );
  const lists = await Promise.all(
    open.slice(0, lackingMax).map(async (row) => {
      const why = row.fingerprint === null ? "its code was loaded by an application" : await versions.objection(row);
      return why === null ? [] : [{ name: row.definition.name, version: row.definition.version, why }];
    }),
  );
  return lists.flat();
}

/** Checking a version verifies signatures. */
const lackingMax = 20;
