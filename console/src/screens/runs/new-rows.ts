import { useEffect, useRef, useState } from "react";

/** Rows that have come since the list was read, by the exact counters. */
export function useNewRows(epoch: number, total: number | null): number {
  const [seen, setSeen] = useState<{ epoch: number; total: number } | null>(null);
  useEffect(() => {
    if (total !== null && seen?.epoch !== epoch) setSeen({ epoch, total });
  }, [epoch, total, seen]);
  return seen === null || total === null || seen.epoch !== epoch ? 0 : Math.max(0, total - seen.total);
}

const renewMs = 2_000;

/** While nobody points at a row, has one chosen or has scrolled, the list shows what is new by itself. */
export function useRenewAtRest(newRows: number, renew: () => Promise<void>, isAtRest: () => boolean): void {
  const last = useRef(0);
  useEffect(() => {
    if (newRows === 0) return;
    const timer = setTimeout(
      () => {
        if (!isAtRest()) return;
        last.current = Date.now();
        void renew();
      },
      Math.max(0, last.current + renewMs - Date.now()),
    );
    return () => clearTimeout(timer);
  });
}
