/**
 * Loads yesterday's sales every night: extracts, transforms and loads page by page, then checks the sums. A page's rows
 * and its result are committed together, so after a crash each page is loaded exactly once.
 */
import { type Context, NonRetryableError, on, workflow } from "baton";
import { z } from "zod";
import { retry } from "../kit/retry.ts";
import { type Bad, createTables, insertPage, readTotals, Sale } from "./sales.ts";
import { chat, shop } from "./systems.ts";

const zone = "Europe/Berlin";

export const nightlySales = workflow(
  {
    name: "nightly-sales",
    on: on.schedule({ cron: "0 2 * * *", zone, input: ({ scheduledAt }) => ({ day: dayBefore(scheduledAt) }) }),
    input: z.object({ day: z.iso.date() }),
    key: ({ day }) => `sales:${day}`,
    singleton: { policy: "skip", key: ({ day }) => day },
    retry,
  },
  async (ctx, { day }) => {
    await ctx.tx("create tables", createTables);
    const expected = await ctx.step("describe", (attempt) => shop.describe({ day }, attempt));
    const pages = Array.from({ length: expected.pages }, (_, page) => page);
    await ctx.map("page", pages, (page, branch) => copyPage(branch, day, page), { concurrency: 3 });

    const loaded = await ctx.tx("count", (db) => readTotals(db, day));
    await ctx.step("check quality", () => {
      const { rows, bad, cents } = loaded;
      if (rows + bad !== expected.rows)
        throw new NonRetryableError(`${rows} rows loaded and ${bad} quarantined, but the shop has ${expected.rows}`);
      if (cents !== expected.cents)
        throw new NonRetryableError(`${cents} cents loaded, but the shop sold ${expected.cents}`);
      if (bad > rows * badShareMax) throw new NonRetryableError(`${bad} of ${expected.rows} rows are invalid`);
    });
    await ctx.step("report", (attempt) =>
      chat.post({ day, text: `${loaded.rows} sales, ${loaded.bad} quarantined` }, attempt),
    );
    return loaded;
  },
);

/** More invalid rows than this share mean a bug here or in the shop. */
const badShareMax = 0.1;

async function copyPage(ctx: Context, day: string, page: number): Promise<void> {
  const { rows } = await ctx.step("extract", (attempt) => shop.page({ day, page }, attempt));
  const read = await ctx.map("row", rows, (row) => Sale.parse(row), { tolerateFailures: true });
  const sales = read.filter((result): result is Sale => !("error" in result));
  const bad = read.flatMap((result, i): Bad[] =>
    "error" in result ? [{ row: JSON.stringify(rows[i]), why: result.error.message }] : [],
  );
  await ctx.tx("load", (db) => insertPage(db, day, sales, bad));
}

/**
 * Loads a range of past days, one by one. It continues as a new run after each week, so that its history stays short.
 */
export const salesBackfill = workflow(
  {
    name: "sales-backfill",
    input: z.object({ from: z.iso.date(), to: z.iso.date() }),
    key: () => "sales-backfill",
    concurrency: { limit: 1, hold: "run" },
  },
  async (ctx, { from, to }) => {
    let day = Temporal.PlainDate.from(from);
    for (let n = 0; n < daysPerRun; n++) {
      if (Temporal.PlainDate.compare(day, to) > 0) return { until: to };
      await ctx.call(nightlySales, { day: day.toString() });
      day = day.add({ days: 1 });
    }
    return ctx.continueAsNew({ from: day.toString(), to });
  },
);

const daysPerRun = 7;

function dayBefore(time: Date): string {
  const local = Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO(zone);
  return local.toPlainDate().subtract({ days: 1 }).toString();
}
