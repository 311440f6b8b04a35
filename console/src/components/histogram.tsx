import type { HourCount } from "@wire/run.ts";
import { useState } from "react";
import { useZone } from "../shell/clock.tsx";
import styles from "./histogram.module.css";
import { formatNumber } from "./text.ts";
import { formatDateTime } from "./time.ts";

/** Runs started and failed in one time span; `at` is its start. */
export interface Bar {
  readonly at: number;
  readonly started: number;
  readonly failed: number;
}

const hourMs = 3_600_000;

/** One bar per hour between two times, or wider bars if that would be more than `barsMax`. */
export function barsOf(hours: readonly HourCount[], from: number, to: number, barsMax = 96): readonly Bar[] {
  const first = Math.floor(from / hourMs);
  const last = Math.max(first, Math.ceil(to / hourMs) - 1);
  const width = Math.max(1, Math.ceil((last - first + 1) / barsMax));
  const bars = Array.from({ length: Math.ceil((last - first + 1) / width) }, (_, i) => ({
    at: (first + i * width) * hourMs,
    started: 0,
    failed: 0,
  }));
  for (const { hour, status, count: n } of hours) {
    const bar = bars[Math.floor((Date.parse(hour) / hourMs - first) / width)];
    if (bar === undefined) continue;
    if (status === "started") bar.started += n;
    else if (status === "failed") bar.failed += n;
  }
  return bars;
}

/** Started and failed runs over time. Clicking a bar, or dragging over several, selects their time range. */
export function Histogram({ bars, onPick }: { bars: readonly Bar[]; onPick: (from: number, to: number) => void }) {
  const zone = useZone();
  const [from, setFrom] = useState<number | null>(null);
  const [to, setTo] = useState<number | null>(null);
  const max = Math.max(1, ...bars.map((bar) => Math.max(bar.started, bar.failed)));
  const stepMs = bars.length > 1 ? (bars[1]?.at ?? 0) - (bars[0]?.at ?? 0) : hourMs;
  const label = (at: number): string => formatDateTime(new Date(at).toISOString(), zone);
  const pick = (a: number, b: number): void => {
    const [low, high] = a < b ? [a, b] : [b, a];
    onPick(bars[low]?.at ?? 0, (bars[high]?.at ?? 0) + stepMs);
  };
  const isIn = (i: number): boolean =>
    from !== null && to !== null && i >= Math.min(from, to) && i <= Math.max(from, to);
  return (
    <figure className={styles.histogram}>
      <figcaption className="visually-hidden">
        Runs started and failed by time: {formatNumber(bars.reduce((sum, bar) => sum + bar.started, 0))} started,{" "}
        {formatNumber(bars.reduce((sum, bar) => sum + bar.failed, 0))} failed. Select a bar to filter by its time.
      </figcaption>
      <div className={styles.bars} onPointerLeave={() => setFrom(null)}>
        {bars.map((bar, i) => (
          <button
            key={bar.at}
            type="button"
            tabIndex={bar.started + bar.failed > 0 ? 0 : -1}
            className={styles.bar}
            data-in={isIn(i)}
            aria-label={`${label(bar.at)}: ${bar.started} started, ${bar.failed} failed`}
            title={`${label(bar.at)} ${zone}\n${formatNumber(bar.started)} started, ${formatNumber(bar.failed)} failed`}
            onPointerDown={() => {
              setFrom(i);
              setTo(i);
            }}
            onPointerEnter={() => from !== null && setTo(i)}
            onPointerUp={() => {
              if (from !== null) pick(from, i);
              setFrom(null);
            }}
            onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && pick(i, i)}
          >
            <span className={styles.failedPart} style={{ height: `${(bar.failed / max) * 100}%` }} />
            <span
              className={styles.startedPart}
              style={{ height: `${(Math.max(0, bar.started - bar.failed) / max) * 100}%` }}
            />
          </button>
        ))}
      </div>
    </figure>
  );
}
