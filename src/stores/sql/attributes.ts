import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/** Adds attributes to those that the run has, such as those of its start: a name that it has already gets the new value. */
export function* mergeAttributes(context: Context, run: number, attributes: string): Work<void> {
  const { db } = context;
  const before = (yield* db.get<{ attributes: string | null }>("select attributes from runs where no = ?", run))
    ?.attributes;
  const merged = mergedAttributes(before ?? null, attributes) ?? attributes;
  yield* db.run("update runs set attributes = ? where no = ?", merged, run);
  yield* indexAttributes(context, run, merged);
}

/** Indexes a run's attributes. Scalars only: a search is for one value of one name. */
export function* indexAttributes(context: Context, run: number, attributes: string): Work<void> {
  yield* context.db.run("delete from run_attributes where run = ?", run);
  for (const [name, value] of Object.entries(JSON.parse(attributes) as Record<string, unknown>)) {
    if (value === null || typeof value === "object") continue;
    yield* context.db.run("insert into run_attributes (name, value, run) values (?, ?, ?)", name, String(value), run);
  }
}

/** Both as JSON texts: a name that both have gets the added value. */
export function mergedAttributes(before: string | null, added: string | null): string | null {
  if (before === null || added === null) return before ?? added;
  return JSON.stringify({ ...JSON.parse(before), ...JSON.parse(added) });
}
