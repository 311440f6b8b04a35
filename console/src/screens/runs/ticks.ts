import { useCallback, useState } from "react";
import type { Rows } from "./rows.ts";

/** The rows that were chosen, by the ids of their runs. */
export interface Ticks {
  readonly ids: ReadonlySet<string>;
  /** Chooses a row or leaves it out; as a range, all from the one before it. */
  readonly tick: (index: number, isRange: boolean) => void;
  readonly clear: () => void;
}

/** Keeps what was chosen while rows come and go. */
export function useTicks(rows: Rows): Ticks {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState(-1);
  const tick = useCallback(
    (index: number, isRange: boolean): void => {
      const run = rows.row(index);
      if (run === undefined) return;
      const next = new Set(ids);
      if (isRange && last >= 0) {
        for (let i = Math.min(index, last); i <= Math.max(index, last); i++) {
          const id = rows.row(i)?.id;
          if (id !== undefined) next.add(id);
        }
      } else if (!next.delete(run.id)) next.add(run.id);
      setIds(next);
      setLast(index);
    },
    [rows, ids, last],
  );
  const clear = useCallback(() => setIds(new Set()), []);
  return { ids, tick, clear };
}
