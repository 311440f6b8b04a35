import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { RunSummary } from "@wire/run.ts";
import { memo, type RefObject, useEffect, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { RunPill } from "../../components/basics.tsx";
import { RunReason } from "../../components/run-reason.tsx";
import { formatDuration } from "../../components/time.ts";
import { RelativeTime, useNow } from "../../shell/clock.tsx";
import { usePreferences } from "../../shell/preferences.ts";
import type { Rows } from "./rows.ts";
import styles from "./runs.module.css";

export interface TableProps {
  readonly rows: Rows;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** The current row, which shortcuts apply to. */
  readonly at: number;
  readonly onAt: (index: number) => void;
  readonly selectedIds: ReadonlySet<string>;
  readonly onToggle: (index: number, isRange: boolean) => void;
  readonly onView: (first: number, last: number) => void;
  readonly start: number;
}

const columns = ["", "Status", "Workflow", "Key", "Steps", "Reason", "Duration", "Started"];

/** Renders only visible rows, whatever the length of the list. Below 700 px each row is a card. */
export function RunTable({ rows, scroller, at, onAt, selectedIds, onToggle, onView, start }: TableProps) {
  const rowPx = useRowHeight();
  const navigate = useNavigate();
  const [select, toggle] = [useStable(onAt), useStable(onToggle)];
  const virtual = useVirtualizer({
    count: rows.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 8,
    initialOffset: start,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => onView(first, last), [onView, first, last]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new row height needs a new measurement
  useLayoutEffect(() => virtual.measure(), [rowPx]);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [virtual, at]);
  return (
    <div className={styles.table} role="table" aria-label="Runs" aria-rowcount={rows.count + 1}>
      <div role="rowgroup">
        <div role="row" className={styles.headRow} aria-rowindex={1}>
          {columns.map((column) => (
            <span key={column} role="columnheader">
              {column === "" ? <span className="visually-hidden">Selected</span> : column}
            </span>
          ))}
        </div>
      </div>
      <div ref={scroller} className={styles.scroller} role="rowgroup" tabIndex={0} aria-label="Rows of runs">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: it handles clicks on the links inside */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click */}
        <div
          style={{ height: virtual.getTotalSize(), position: "relative" }}
          onClick={(event) => {
            // One listener for the links of all rows; clicks with a modifier key keep the browser's default.
            const link = event.target instanceof Element ? event.target.closest("a") : null;
            if (link === null || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
            event.preventDefault();
            void navigate({ href: link.getAttribute("href") ?? "/runs" });
          }}
        >
          {items.map((item) => (
            <Row
              key={item.key}
              run={rows.row(item.index)}
              index={item.index}
              top={item.start}
              height={rowPx}
              isAt={item.index === at}
              isSelected={selectedIds.has(rows.row(item.index)?.id ?? "")}
              onAt={select}
              onToggle={toggle}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** A function with a stable identity that calls the latest `work`. */
function useStable<Arguments extends unknown[]>(work: (...given: Arguments) => void): (...given: Arguments) => void {
  const newest = useRef(work);
  newest.current = work;
  return useRef((...given: Arguments) => newest.current(...given)).current;
}

const narrow = matchMedia("(max-width: 700px)");

function onNarrow(listener: () => void): () => void {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
}

/** The row height; in a narrow window a row is a card. */
function useRowHeight(): number {
  const isCard = useSyncExternalStore(onNarrow, () => narrow.matches);
  const { density } = usePreferences();
  if (isCard) return 88;
  return density === "comfortable" ? 38 : 34;
}

interface RowProps {
  readonly run: RunSummary | undefined;
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly isAt: boolean;
  readonly isSelected: boolean;
  readonly onAt: (index: number) => void;
  readonly onToggle: (index: number, isRange: boolean) => void;
}

/** Rerendered only if its own run changes: fast scrolling passes a thousand rows a second. */
const Row = memo(function Row({ run, index, top, height, isAt, isSelected, onAt, onToggle }: RowProps) {
  const place = { transform: `translateY(${top}px)`, height };
  if (run === undefined) return <div className={styles.row} style={place} data-loading={true} aria-hidden="true" />;
  const steps = run.stepsDone;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the list move between rows
    <div
      role="row"
      aria-rowindex={index + 2}
      className={styles.row}
      data-at={isAt}
      data-run={run.id}
      style={place}
      onClick={() => onAt(index)}
    >
      <span role="cell">
        <input
          type="checkbox"
          aria-label={`Select ${run.key ?? run.id}`}
          checked={isSelected}
          onChange={() => {}}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(index, event.shiftKey);
          }}
        />
      </span>
      <span role="cell">
        <RunPill run={run} />
      </span>
      <span role="cell" className={styles.name}>
        <a href={`/runs/${run.id}`} className={styles.link}>
          {run.name}
        </a>{" "}
        <span className={styles.dim}>v{run.version}</span>
      </span>
      <span role="cell" className={styles.key}>
        <code title={run.key ?? run.id}>{run.key ?? run.id}</code>
      </span>
      <span role="cell" className={styles.number}>
        {steps}
      </span>
      <span role="cell" className={styles.why} data-bad={run.status === "failed"}>
        <RunReason run={run} />
      </span>
      <span role="cell" className={styles.number}>
        <Took run={run} />
      </span>
      <span role="cell" className={styles.number}>
        <RelativeTime at={run.createdAt} />
      </span>
    </div>
  );
});

function Took({ run: { createdAt, endedAt } }: { run: RunSummary }) {
  return endedAt === null ? <Running from={createdAt} /> : formatDuration(Date.parse(endedAt) - Date.parse(createdAt));
}

function Running({ from }: { from: string }) {
  const now = useNow();
  return (
    <span className={styles.dim}>
      {formatDuration(Math.max(0, Math.floor((now - Date.parse(from)) / 1000) * 1000))}
    </span>
  );
}
