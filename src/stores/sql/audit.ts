import type { Audit } from "../../kernel/model/audit.ts";
import type { InterveneOutcome, NoteAudit } from "../../kernel/model/transition.ts";
import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/** Records an action of a person on a run. The record stays when the run is deleted. */
export function* audit(context: Context, run: number, id: string, { actor, verb, why }: Audit, at: number): Work<void> {
  yield* context.db.run(
    "insert into audit (run, run_id, actor, verb, why, at) values (?, ?, ?, ?, ?, ?)",
    run,
    id,
    actor,
    verb,
    why,
    at,
  );
}

/** Records an action on many runs or on the store itself. `detail` names no person. */
export function* auditMany(context: Context, { actor, verb, why }: Audit, detail: object, at: number): Work<void> {
  yield* context.db.run(
    "insert into audit (actor, verb, why, detail, at) values (?, ?, ?, ?, ?)",
    actor,
    verb,
    why,
    JSON.stringify(detail),
    at,
  );
}

/** Records an action that does not change its run. */
export function* noteAudit(context: Context, note: NoteAudit, at: number): Work<InterveneOutcome> {
  const row = yield* context.db.get<{ id: string }>("select id from runs where no = ?", note.run);
  if (row === undefined) return { ok: false, why: "stale" };
  yield* audit(context, note.run, row.id, note.audit, at);
  return { ok: true, at, isHeld: false };
}
