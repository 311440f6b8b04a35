/** What a sale must look like, and the tables that sales are kept in. The tables lie in Baton's own file. */
import type { TxClient } from "baton";
import { z } from "zod";

export const Sale = z.object({ id: z.string(), sku: z.string(), cents: z.int().nonnegative() });
export type Sale = z.infer<typeof Sale>;

/** A row that was put aside: as it came, and why. */
export interface Bad {
  readonly row: string;
  readonly why: string;
}

/** `sales.id` carries no UNIQUE on purpose: a table that cannot show a double load proves nothing. */
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
  const [aside] = await db.query("select count(*) as n from quarantine where day = ?", [day]);
  return { rows: Number(sums?.["n"]), bad: Number(aside?.["n"]), cents: Number(sums?.["cents"]) };
}
