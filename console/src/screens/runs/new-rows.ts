import { useEffect, useRef, useState } from "react";

/** The number of new runs since the list was loaded, from the exact counters. */
export function useNewRows(epoch: number, total: number | null): number {
  const [seen, setSeen] = useState<{ epoch: number; total: number } | null>(null);
  useEffect(() => {
    if (total !== null && seen?.epoch !== epoch) setSeen({ epoch, total });
  }, [epoch, total, seen]);
  return seen === null || total === null || seen.epoch !== epoch ? 0 : Math.max(0, total - seen.total);
}

const reloadMs = 2_000;

/** Reloads the list automatically while the user does not interact with it. */
export function useReloadWhenIdle(newRows: number, reload: () => Promise<void>, isIdle: () => boolean): void {
  const last = useRef(0);
  useEffect(() => {
    if (newRows === 0) return;
    const timer = setTimeout(
      () => {
        if (!isIdle()) return;
        last.current = Date.now();
        void reload();
      },
      Math.max(0, last.current + reloadMs - Date.now()),
    );
    return () => clearTimeout(timer);
  });
}
