import { useVirtualizer } from "@tanstack/react-virtual";
import type { RunDetail } from "@wire/run.ts";
import type { Step } from "@wire/step.ts";
import { useEffect, useMemo, useRef, useState } from "react";
import { baseStyles } from "../../components/basics.tsx";
import { stepStatus } from "../../components/status.ts";
import { formatDuration } from "../../components/time.ts";
import { useNow } from "../../shell/clock.tsx";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { makeScale, type Scale } from "./scale.ts";
import { criticalPath } from "./segments.ts";
import type { Steps } from "./steps.ts";
import styles from "./timeline.module.css";
import { Track } from "./track.tsx";

export interface TimelineProps {
  readonly run: RunDetail;
  readonly steps: Steps;
  readonly selected: string | null;
  readonly onSelect: (key: string) => void;
  readonly onView: (first: number, last: number) => void;
  readonly isFolded: boolean;
  readonly withPath: boolean;
}

/** One row per step and one bar per attempt; waits are hatched. Only visible rows are rendered. */
export function Timeline({ run, steps, selected, onSelect, onView, isFolded, withPath }: TimelineProps) {
  const now = useNowWhile(run.endedAt === null);
  const [zoom, setZoom] = useState<readonly [number, number]>([0, 1]);
  const to = run.endedAt === null ? now : Date.parse(run.endedAt);
  const scale = useMemo(
    () => makeScale({ from: Date.parse(run.createdAt), to, busyMs: run.busyMs, idle: run.idle, isFolded }),
    [run.createdAt, run.busyMs, run.idle, to, isFolded],
  );
  const path = useMemo(() => (withPath ? criticalPath(steps.known) : new Set<string>()), [withPath, steps.known]);
  const scroller = useRef<HTMLDivElement>(null);
  const rowPx = Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--step-row")) || 28;
  const virtual = useVirtualizer({
    count: steps.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => onView(first, last), [onView, first, last]);
  useShortcuts([{ keys: "0", label: "Reset zoom", run: () => setZoom([0, 1]) }]);
  const x = (at: number): number => ((at - zoom[0]) / (zoom[1] - zoom[0])) * 100;
  return (
    <div className={styles.timeline} role="table" aria-label="Steps over time" aria-rowcount={steps.count + 1}>
      <div role="rowgroup">
        <div role="row" className={styles.head}>
          <span role="columnheader">Step</span>
          <span role="columnheader" className={styles.axis}>
            <span className="visually-hidden">Time and duration</span>
            <Axis scale={scale} x={x} />
          </span>
        </div>
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        role="rowgroup"
        tabIndex={0}
        aria-label="Rows of steps"
        style={{ maxHeight: `max(240px, min(${steps.count * rowPx + 2}px, 100dvh - 330px))` }}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const step = steps.row(item.index);
            return (
              <div
                key={item.key}
                role="row"
                aria-rowindex={item.index + 2}
                className={styles.row}
                data-selected={step !== undefined && step.key === selected}
                style={{ transform: `translateY(${item.start}px)`, height: rowPx }}
              >
                {step === undefined ? null : (
                  <>
                    <StepName step={step} isSelected={step.key === selected} onSelect={onSelect} />
                    <Track
                      step={step}
                      scale={scale}
                      x={x}
                      now={now}
                      isCritical={path.has(step.key)}
                      onZoom={setZoom}
                      zoom={zoom}
                    />
                  </>
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Stops updating for an ended run. */
function useNowWhile(isLive: boolean): number {
  const now = useNow();
  const [initial] = useState(now);
  return isLive ? now : initial;
}

function StepName({
  step,
  isSelected,
  onSelect,
}: {
  step: Step;
  isSelected: boolean;
  onSelect: (key: string) => void;
}) {
  const shown = stepStatus[step.status];
  return (
    <span role="cell" className={styles.name}>
      <button
        type="button"
        onClick={() => onSelect(step.key)}
        aria-current={isSelected ? "step" : undefined}
        title={step.key}
      >
        <span className={`${styles.glyph} ${baseStyles[shown.tone]}`} aria-hidden="true">
          {shown.glyph}
        </span>
        <span className={styles.label}>
          {step.kind === "undo" ? `undo ${step.name.replace(/^undo:/, "")}` : step.key}
        </span>
        <span className="visually-hidden">, {shown.label}</span>
      </button>
      {step.kind === "step" ? null : (
        <span className={styles.kind}>{step.kind === "undo" ? "compensation" : step.kind}</span>
      )}
    </span>
  );
}

/** Half of the width of a notch label, as a share of the axis. */
const notchLabel = 0.1;

function isUnderNotch({ notches }: Scale, at: number): boolean {
  return notches.some((notch) => Math.abs(notch.start + notch.width / 2 - at) < notchLabel);
}

function Axis({ scale, x }: { scale: Scale; x: (at: number) => number }) {
  return (
    <>
      {scale.ticks
        .filter((tick) => !isUnderNotch(scale, tick.at))
        .map((tick) => (
          <span key={tick.elapsedMs} className={styles.tick} style={{ left: `${x(tick.at)}%` }} aria-hidden="true">
            +{formatDuration(tick.elapsedMs)}
          </span>
        ))}
      {scale.notches.map((notch) => (
        <span key={notch.from} className={styles.notchLabel} style={{ left: `${x(notch.start + notch.width / 2)}%` }}>
          {formatDuration(notch.to - notch.from)} idle
        </span>
      ))}
    </>
  );
}
