import type { Step } from "@wire/step.ts";
import type { CSSProperties } from "react";
import { useRef } from "react";
import { formatDuration } from "../../components/time.ts";
import type { Scale } from "./scale.ts";
import { type Segment, segmentsOf, stepDurationMs } from "./segments.ts";
import styles from "./timeline.module.css";

/** The bars of a step; dragging over them zooms into that time range. */
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
  const took = stepDurationMs(step, now);
  const end = x(scale.at(segments.at(-1)?.to ?? now));
  const start = x(scale.at(segments[0]?.from ?? now));
  const tries = step.attempts.length;
  const text = took === null ? "" : `${formatDuration(took)}${tries > 1 ? ` · ${tries} attempts` : ""}`;
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
      <span className={styles.took} {...labelPlace(start, end, text.length * percentPerCharacter)}>
        {text}
      </span>
    </span>
  );
}

/** Estimated width of a character, for placing labels: percent of a track of usual width. */
const percentPerCharacter = 1.3;

/** After the bar; before it near the right edge; on the bar if neither side has space. */
function labelPlace(start: number, end: number, space: number): { style: CSSProperties; "data-inside"?: true } {
  if (end + space <= 100) return { style: { left: `${Math.max(0, end)}%` } };
  if (start - space >= 0) return { style: { right: `${100 - start}%` } };
  return { "data-inside": true, style: { left: `${(Math.max(0, start) + Math.min(100, end)) / 2}%` } };
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
