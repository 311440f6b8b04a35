import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/** The child gives up its key, and its idempotency key, so that another child can take them. */
export function* replaceChild({ db }: Context, child: number): Work<void> {
  yield* db.run("update runs set replaced_key = parent_key, parent_key = null where no = ?", child);
  yield* db.run(
    `delete from idempotency where run = ?1 and at between (select created_at from runs where no = ?1)
       and (select coalesce(ended_at, created_at) from runs where no = ?1)`,
    child,
  );
}
