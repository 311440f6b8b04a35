import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/** Indexes a run's attributes. Scalars only: a search is for one value of one name. */
export function* indexAttributes(context: Context, run: number, attributes: string): Work<void> {
  yield* context.db.run("delete from run_attributes where run = ?", run);
  for (const [name, value] of Object.entries(JSON.parse(attributes) as Record<string, unknown>)) {
    if (value === null || typeof value === "object") continue;
    yield* context.db.run("insert into run_attributes (name, value, run) values (?, ?, ?)", name, String(value), run);
  }
}
