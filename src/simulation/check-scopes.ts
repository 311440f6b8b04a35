import type { Evidence } from "./evidence.ts";
import type { Violation } from "./violation.ts";

/** INV-50 and up: what a branch that loses, fails or is cancelled leaves behind. */
export function checkScopes(evidence: Evidence): readonly Violation[] {
  return [...checkLosers(evidence)];
}

/** INV-50: no child of a losing branch outlives the race. */
function checkLosers({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; parent: string; ended: string | null }>(
      `select c.id, p.id as parent, c.ended from runs c join runs p on p.no = c.parent
       join definitions d on d.no = p.definition join definitions k on k.no = c.definition
       where d.name = 'forker' and k.name = 'sleeper' and p.ended = 'completed' and c.ended is not 'cancelled'`,
    )
    .map((row) => ({
      invariant: "INV-50",
      detail: `${row.id} is ${row.ended}, but the branch of ${row.parent} that awaited it has lost`,
    }));
}
