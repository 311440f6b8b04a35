import type { RunDetail } from "../../kernel/model/detail.ts";
import { isAtRest } from "../../kernel/model/status.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { HistoryEntry } from "../../wire/history.ts";
import { iso } from "./time.ts";

/** The history of a run besides its steps, oldest first. */
export async function historyView(store: Store, run: RunDetail): Promise<HistoryEntry[]> {
  const { row } = run;
  const [history, audit] = await Promise.all([
    store.query("history", { run: row.no }),
    store.query("audit", { run: row.no, before: null, limit: auditMax }),
  ]);
  const acts = audit.map((act): HistoryEntry & { order: number } => ({
    at: iso(act.at),
    kind: act.verb,
    actor: act.actor,
    detail: act.why,
    order: act.at,
  }));
  const isTold = (kind: string, at: number): boolean => audit.some((act) => act.verb === kind && act.at === at);
  const marks = history
    .filter((mark) => !isTold(mark.kind, mark.at))
    .map((mark) => ({
      at: iso(mark.at),
      kind: mark.kind,
      actor: null,
      detail: mark.detail === null ? null : readable(mark.detail),
      order: mark.at,
    }));
  const { by, ...origin } = row.origin;
  const started = { at: iso(row.createdAt), kind: "started", actor: by, detail: origin, order: row.createdAt };
  const ended =
    row.endedAt === null || !isAtRest(row.status)
      ? []
      : [
          {
            at: iso(row.endedAt),
            kind: row.status,
            actor: null,
            detail: row.error?.message ?? null,
            order: row.endedAt,
          },
        ];
  return [started, ...marks, ...acts.toReversed(), ...ended]
    .toSorted((a, b) => a.order - b.order)
    .map(({ order: _order, ...entry }) => entry);
}

/** People do not act a thousand times on one run. */
const auditMax = 1_000;

function readable(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}
