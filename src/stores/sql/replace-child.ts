import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/** The child gives up its key, and its idempotency key, so that another child can take them. */
export function* replaceChild(context: Context, child: number): Work<void> {
  yield* detachChild(context, child);
  yield* context.db.run(
    `delete from idempotency where run = ?1 and at between (select created_at from runs where no = ?1)
       and (select coalesce(ended_at, created_at) from runs where no = ?1)`,
    child,
  );
}

/** The child gives up its key only: others have joined it, and its idempotency key leads to it. */
export function* detachChild({ db }: Context, child: number): Work<void> {
  yield* db.run("update runs set replaced_key = parent_key, parent_key = null where no = ?", child);
}
