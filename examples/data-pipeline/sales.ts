/** The schema of a sale, and the tables with sales. The tables are in Baton's own file. */
import type { TxClient } from "baton";
import { z } from "zod";

export const Sale = z.object({ id: z.string(), sku: z.string(), cents: z.int().nonnegative() });
export type Sale = z.infer<typeof Sale>;

/** A quarantined row as it was received, and the reason. */
export interface Bad {
  readonly row: string;
  readonly why: string;
}

/** `sales.id` is deliberately not UNIQUE, so that the table can show a double load. */
export async function createTables(db: TxClient): Promise<void> {
  await db.query(
    "create table if not exists sales (day text not null, id text not null, sku text not null, cents integer not null) strict",
  );
  await db.query(
    "create table if not exists quarantine (day text not null, body text not null, why text not null) strict",
  );
}

export async function insertPage(
  db: TxClient,
  day: string,
  sales: readonly Sale[],
  bad: readonly Bad[],
): Promise<void> {
  for (const { id, sku, cents } of sales)
    await db.query("insert into sales (day, id, sku, cents) values (?, ?, ?, ?)", [day, id, sku, cents]);
  for (const { row, why } of bad)
    await db.query("insert into quarantine (day, body, why) values (?, ?, ?)", [day, row, why]);
}

export async function readTotals(db: TxClient, day: string): Promise<{ rows: number; bad: number; cents: number }> {
  const [sums] = await db.query("select count(*) as n, coalesce(sum(cents), 0) as cents from sales where day = ?", [
    day,
  ]);
  const [quarantined] = await db.query("select count(*) as n from quarantine where day = ?", [day]);
  return { rows: Number(sums?.["n"]), bad: Number(quarantined?.["n"]), cents: Number(sums?.["cents"]) };
}
