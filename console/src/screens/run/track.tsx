import type { Step } from "@wire/step.ts";
import { useRef } from "react";
import { duration } from "../../parts/time.ts";
import type { Scale } from "./scale.ts";
import { type Segment, segmentsOf, tookMs } from "./segments.ts";
import styles from "./timeline.module.css";

/** The bars of a step; a drag over them shows that stretch of time alone. */
export function Track({
  step,
  scale,
  x,
  now,
  isCritical,
  zoom,
  onZoom,
}: {
  step: Step;
  scale: Scale;
  x: (at: number) => number;
  now: number;
  isCritical: boolean;
  zoom: readonly [number, number];
  onZoom: (zoom: readonly [number, number]) => void;
}) {
  const drag = useRef<number | null>(null);
  const segments = segmentsOf(step);
  const took = tookMs(step, now);
  const end = x(scale.at(segments.at(-1)?.to ?? now));
  const start = x(scale.at(segments[0]?.from ?? now));
  const tries = step.attempts.length;
  const text = took === null ? "" : `${duration(took)}${tries > 1 ? ` · ${tries} attempts` : ""}`;
  const place = (event: React.PointerEvent): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return zoom[0] + ((event.clientX - box.left) / box.width) * (zoom[1] - zoom[0]);
  };
  return (
    <span
      role="cell"
      className={styles.track}
      onPointerDown={(event) => {
        drag.current = place(event);
      }}
      onPointerUp={(event) => {
        const from = drag.current;
        drag.current = null;
        if (from === null) return;
        const to = place(event);
        const [low, high] = from < to ? [from, to] : [to, from];
        if (high - low > 0.01) onZoom([low, high]);
      }}
    >
      {scale.notches.map((notch) => (
        <span
          key={notch.from}
          className={styles.notch}
          aria-hidden="true"
          style={{ left: `${x(notch.start)}%`, width: `${x(notch.start + notch.width) - x(notch.start)}%` }}
        />
      ))}
      {segments.map((segment, i) => (
        <Bar
          key={`${segment.kind} ${segment.from}`}
          segment={segment}
          scale={scale}
          x={x}
          now={now}
          isCritical={isCritical}
          isOpen={i === segments.length - 1 && segment.to === null}
        />
      ))}
      <span className={styles.took} data-inside={end > 78 && start < 22} style={labelPlace(start, end)}>
        {text}
      </span>
    </span>
  );
}

/** After the bar; before it near the right edge; on it where there is room at neither side. */
function labelPlace(start: number, end: number): React.CSSProperties {
  if (end <= 78) return { left: `${Math.max(0, end)}%` };
  return start < 22 ? { right: "6px" } : { right: `${100 - start}%` };
}

function Bar({
  segment,
  scale,
  x,
  now,
  isCritical,
  isOpen,
}: {
  segment: Segment;
  scale: Scale;
  x: (at: number) => number;
  now: number;
  isCritical: boolean;
  isOpen: boolean;
}) {
  const left = x(scale.at(segment.from));
  const right = x(scale.at(segment.to ?? now));
  if (right < 0 || left > 100) return null;
  return (
    <span
      className={styles.bar}
      data-kind={segment.kind}
      data-critical={isCritical}
      data-open={isOpen}
      title={segment.title}
      style={{ left: `${Math.max(0, left)}%`, width: `${Math.min(100, right) - Math.max(0, left)}%` }}
    />
  );
}
