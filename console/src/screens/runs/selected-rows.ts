import { useCallback, useState } from "react";
import type { Rows } from "./rows.ts";

/** The selected rows, by run id. */
export interface SelectedRows {
  readonly ids: ReadonlySet<string>;
  /** Selects or deselects a row; as a range, selects all rows from the last one. */
  readonly toggle: (index: number, isRange: boolean) => void;
  readonly clear: () => void;
}

/** Keeps the selection while the rows change. */
export function useSelectedRows(rows: Rows): SelectedRows {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState(-1);
  const toggle = useCallback(
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
  return { ids, toggle, clear };
}
