import { workflow } from "baton";
import { runDemo } from "../kit/demo.ts";
import { startSources } from "./services.ts";
import { nightlySales, salesBackfill } from "./workflow.ts";

/** Queries the tables, which are in Baton's own file. */
const query = workflow<string>({ name: "query" }, (ctx, sql) => ctx.tx("query", (db) => db.query(sql)));

await runDemo({
  name: "data-pipeline",
  definitions: [nightlySales, salesBackfill, query],
  startSystems: startSources,
  script: async ({ baton, systems, print, showCommand, waitForStatus, withoutOutput }) => {
    const printCounts = async (): Promise<void> => {
      const sql = "select count(*) as sales, count(distinct id) as ids, count(distinct day) as days from sales";
      const [row] = (await (await baton.start(query, sql)).result()) as Record<string, unknown>[];
      print(`Rows in table sales: ${row?.["sales"]} (distinct ids: ${row?.["ids"]}, days: ${row?.["days"]})`);
    };
    print("The workflow has a schedule: every night at two in Berlin.");
    showCommand("schedules", "next", "nightly-sales", "--count", "3");

    print("One day is started by hand. Page 2 of the shop fails: the run fails, but the other pages are loaded.");
    systems.shop.injectFault("page", { mode: 503, only: '"page":2' });
    const night = await baton.start(nightlySales, { day: "2026-01-15" });
    await waitForStatus(night, "failed");
    await printCounts();
    print("The shop is repaired: resume extracts only that page.");
    systems.shop.clearFaults();
    await night.resume({ why: "shop repaired" });
    await waitForStatus(night, "completed");
    await printCounts();

    print("A backfill of ten past days: two runs with one key, and each day is loaded once.");
    const past = await baton.start(salesBackfill, { from: "2026-01-01", to: "2026-01-10" });
    await withoutOutput(() => past.result({ timeoutMs: 20_000 }));
    await printCounts();
    showCommand("runs", "--name", "sales-backfill");
  },
  tryNext: [
    "npx baton schedules                               show the next firings",
    "npx baton schedules backfill nightly-sales --from 2026-02-01T00:00:00Z --to 2026-02-05T00:00:00Z --dry-run",
    'npx baton run nightly-sales --input \'{"day":"2026-01-20"}\' --wait',
  ],
});
