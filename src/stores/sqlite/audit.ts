import type { Audit } from "../../kernel/model/transition.ts";
import type { Context } from "./context.ts";

/** What a person has done to a run. It stays when the run is deleted. */
export function audit(context: Context, run: number, id: string, { actor, verb, why }: Audit, at: number): void {
  context.db.run(
    "insert into audit (run, run_id, actor, verb, why, at) values (?, ?, ?, ?, ?, ?)",
    run,
    id,
    actor,
    verb,
    why,
    at,
  );
}
