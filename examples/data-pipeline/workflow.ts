/**
 * Yesterday's sales, every night: extract, transform and load page by page, then check the sums. A page's rows and its
 * result commit together, so no crash loads a page twice and none is left out.
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
    on: on.schedule({ cron: "0 2 * * *", zone, input: ({ nominalAt }) => ({ day: dayBefore(nominalAt) }) }),
    input: z.object({ day: z.iso.date() }),
    key: ({ day }) => `sales:${day}`,
    singleton: { when: "skip", key: ({ day }) => day },
    retry,
  },
  async (ctx, { day }) => {
    await ctx.tx("create tables", createTables);
    const told = await ctx.step("describe", (attempt) => shop.describe({ day }, attempt));
    const pages = Array.from({ length: told.pages }, (_, page) => page);
    await ctx.map("page", pages, (page, branch) => copyPage(branch, day, page), { concurrency: 3 });

    const loaded = await ctx.tx("count", (db) => readTotals(db, day));
    await ctx.step("check quality", () => {
      const { rows, bad, cents } = loaded;
      if (rows + bad !== told.rows) throw new NonRetryableError(`${rows} + ${bad} rows of ${told.rows} have come`);
      if (cents !== told.cents) throw new NonRetryableError(`${cents} cents were loaded, the shop sold ${told.cents}`);
      if (bad > rows * badShareMax) throw new NonRetryableError(`${bad} of ${told.rows} rows make no sense`);
    });
    await ctx.step("report", (attempt) =>
      chat.post({ day, text: `${loaded.rows} sales, ${loaded.bad} put aside` }, attempt),
    );
    return loaded;
  },
);

/** More than this share of bad rows is a mistake of ours, or of the shop. */
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

/** Loads a stretch of the past, day by day: a history that begins anew each week stays short. */
export const salesBackfill = workflow(
  {
    name: "sales-backfill",
    input: z.object({ from: z.iso.date(), to: z.iso.date() }),
    key: () => "sales-backfill",
    concurrency: { limit: 1, hold: "run" },
  },
  async (ctx, { from, to }) => {
    let day = Temporal.PlainDate.from(from);
    for (let n = 0; n < daysOfRun; n++) {
      if (Temporal.PlainDate.compare(day, to) > 0) return { until: to };
      await ctx.call(nightlySales, { day: day.toString() });
      day = day.add({ days: 1 });
    }
    return ctx.continueAsNew({ from: day.toString(), to });
  },
);

const daysOfRun = 7;

function dayBefore(moment: Date): string {
  const local = Temporal.Instant.fromEpochMilliseconds(moment.getTime()).toZonedDateTimeISO(zone);
  return local.toPlainDate().subtract({ days: 1 }).toString();
}
