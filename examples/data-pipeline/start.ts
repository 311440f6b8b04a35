import { workflow } from "baton";
import { tellStory } from "../kit/story.ts";
import { startSources } from "./services.ts";
import { nightlySales, salesBackfill } from "./workflow.ts";

/** Looks into the tables, which lie in Baton's own file. */
const look = workflow<string>({ name: "look" }, (ctx, sql) => ctx.tx("look", (db) => db.query(sql)));

await tellStory({
  name: "data-pipeline",
  definitions: [nightlySales, salesBackfill, look],
  startSystems: startSources,
  tell: async ({ baton, systems, say, command, until, quietly }) => {
    const counts = async (): Promise<void> => {
      const sql = "select count(*) as sales, count(distinct id) as different, count(distinct day) as days from sales";
      const [row] = (await (await baton.start(look, sql)).result()) as object[];
      say(`In the table: ${JSON.stringify(row)}`);
    };
    say("It runs every night by itself.");
    command("schedules", "next", "nightly-sales", "--count", "3");

    say("One night by hand. Page 2 of the shop is down: its run stops, the other pages are loaded.");
    systems.shop.breakDown("page", { mode: 503, only: '"page":2' });
    const night = await baton.start(nightlySales, { day: "2026-01-15" });
    await until(night, "failed");
    await counts();
    say("The shop is back: resume extracts that page alone.");
    systems.shop.mend();
    await night.resume({ why: "the shop is back" });
    await until(night, "completed");
    await counts();

    say("Ten days of the past: two runs of one key, each day once.");
    const past = await baton.start(salesBackfill, { from: "2026-01-01", to: "2026-01-10" });
    await quietly(() => past.result({ timeoutMs: 20_000 }));
    await counts();
    command("runs", "--name", "sales-backfill");
  },
  tryNext: [
    "npx baton schedules                               what comes tonight",
    "npx baton schedules backfill nightly-sales --from 2026-02-01T00:00:00Z --to 2026-02-05T00:00:00Z --dry-run",
    'npx baton run nightly-sales --input \'{"day":"2026-01-20"}\' --wait',
  ],
});
