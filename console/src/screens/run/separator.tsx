import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { setPreferences, usePreferences } from "../../shell/preferences.ts";
import styles from "./drawer.module.css";

const minPx = 300;
const maxPx = 720;
const stepPx = 20;

function within(px: number): number {
  return Math.round(Math.max(minPx, Math.min(maxPx, px)));
}

/** A draggable width. */
export interface Width {
  readonly px: number;
  /** Sets the width while dragging; `keep` saves it. */
  readonly drag: (px: number) => void;
  readonly keep: (px: number) => void;
}

/** The width of the step panel, saved in this browser. */
export function useDrawerWidth(): Width {
  const { drawerPx } = usePreferences();
  const [dragged, setDragged] = useState<number | null>(null);
  return {
    px: within(dragged ?? drawerPx),
    drag: (px) => setDragged(within(px)),
    keep: (px) => {
      setDragged(null);
      setPreferences({ drawerPx: within(px) });
    },
  };
}

/** The draggable edge between timeline and step panel; arrow keys, Home and End move it too. */
export function Separator({ width: { px, drag, keep } }: { width: Width }) {
  const start = useRef<{ readonly x: number; readonly px: number } | null>(null);
  const at = (event: PointerEvent): number | null =>
    start.current === null ? null : start.current.px + start.current.x - event.clientX;
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = { ArrowLeft: px + stepPx, ArrowRight: px - stepPx, Home: minPx, End: maxPx }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    keep(next);
  };
  const onEnd = (event: PointerEvent): void => {
    const next = at(event);
    start.current = null;
    if (next !== null) keep(next);
  };
  return (
    <div
      className={styles.separator}
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the step panel"
      aria-valuenow={px}
      aria-valuemin={minPx}
      aria-valuemax={maxPx}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, px };
      }}
      onPointerMove={(event) => {
        const next = at(event);
        if (next !== null) drag(next);
      }}
      onPointerUp={onEnd}
      onPointerCancel={onEnd}
    />
  );
}
