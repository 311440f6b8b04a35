/** Implementations of the systems. */
import { startService } from "../kit/service.ts";
import type { Services } from "../kit/services.ts";
import { chatSystem, shopSystem } from "./systems.ts";

export type Sources = Services<"shop" | "chat">;

const pageSize = 20;
const pages = 5;

export async function startSources(dataDir: string): Promise<Sources> {
  const [shop, chat] = await Promise.all([
    startService({
      shape: shopSystem,
      dataDir,
      tables: "",
      operations: {
        describe: ({ day }) => {
          const sold = Array.from({ length: pages }, (_, page) => pageOf(day, page)).flat();
          const good = sold.filter(({ cents }) => typeof cents === "number");
          const cents = good.reduce((sum, row) => sum + Number(row.cents), 0);
          return { id: `describe/${day}`, answer: { pages, rows: sold.length, cents } };
        },
        page: ({ day, page }) => ({ id: `page ${page}/${day}`, answer: { rows: pageOf(day, page) } }),
      },
    }),
    startService({
      shape: chatSystem,
      dataDir,
      tables: "",
      operations: { post: ({ day, text }) => ({ id: `${text}/${day}`, answer: { messageId: `MSG-${day}` } }) },
    }),
  ]);
  return { shop, chat };
}

/** One sale in 25 has a price that is not a number, as in real data. */
function pageOf(day: string, page: number): { id: string; sku: string; cents: number | string }[] {
  return Array.from({ length: pageSize }, (_, i) => {
    const n = page * pageSize + i;
    return { id: `${day}-${n}`, sku: n % 2 === 0 ? "lamp" : "desk", cents: n % 25 === 24 ? "n/a" : 100 + n };
  });
}
