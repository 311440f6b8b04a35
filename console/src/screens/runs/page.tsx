import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { BulkDialog, type BulkRequest } from "../../actions/bulk-dialog.tsx";
import { pathOf } from "../../api/client.ts";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader } from "../../components/basics.tsx";
import { asCommand, filterParams, parseFilter } from "../../components/filter.ts";
import { FilterField } from "../../components/filter-field.tsx";
import { pageStyles } from "../../components/page.tsx";
import { Problem, Skeleton, Stale } from "../../components/states.tsx";
import { formatNumber, plural } from "../../components/text.ts";
import { copy } from "../../shell/announce.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { type Shortcut, useShortcuts } from "../../shell/shortcuts.ts";
import { Hours } from "./hours.tsx";
import { useNewRows, useReloadWhenIdle } from "./new-rows.ts";
import { NoRuns } from "./no-runs.tsx";
import { useRows } from "./rows.ts";
import styles from "./runs.module.css";
import { useSelectedRows } from "./selected-rows.ts";
import { bulkFilterOf, SelectionBar } from "./selection-bar.tsx";
import { StatusFilter } from "./status-filter.tsx";
import { RunTable } from "./table.tsx";
import { parseTimeRange, type TimeRange } from "./time-range.ts";
import { Views } from "./views.tsx";
import { useVisibleRows } from "./visible-rows.ts";

/** Selected row and scroll position by filter, restored on return to the list. */
const leftLists = new Map<string, { readonly at: number; readonly scroll: number }>();

/** The query string that a saved view stores. */
function queryOf(q: string, times: TimeRange): string {
  return new URLSearchParams({ ...(q === "" ? {} : { q }), ...times }).toString();
}

/** The list of all runs, with filter and bulk actions. */
export function RunsPage() {
  const { q = "", from, to } = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const times = parseTimeRange(from, to);
  const filter = filterParams(q, times);
  const place = JSON.stringify(filter);
  const { fields } = parseFilter(q);
  const [view, setView] = useState({ first: 0, last: 30 });
  const rows = useRows(filter, view.first, view.last);
  const [at, setAt] = useState(() => leftLists.get(place)?.at ?? -1);
  const { ids: selectedIds, toggle, clear } = useSelectedRows(rows);
  const isReadOnly = useReadOnly();
  const [bulk, setBulk] = useState<BulkRequest | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const isHovered = useRef(false);
  const { status: _status, ...anyStatus } = filter;
  const facets = useQuery(queries.facets(anyStatus));
  const total = (facets.data?.items ?? [])
    .filter((facet) => fields.status === undefined || facet.status === fields.status)
    .reduce((sum, facet) => sum + facet.count, 0);
  const isExact = facets.data?.items.every((each) => each.isExact) ?? true;
  const newRows = useNewRows(rows.epoch, facets.data === undefined || facets.isPlaceholderData ? null : total);
  const isIdle = at < 0 && selectedIds.size === 0;
  useReloadWhenIdle(
    newRows,
    rows.reload,
    () => isIdle && !isHovered.current && (scroller.current?.scrollTop ?? 0) === 0,
  );
  useVisibleRows(rows, view.first, view.last);

  useEffect(() => {
    const { current } = scroller;
    return () => void leftLists.set(place, { at, scroll: current?.scrollTop ?? 0 });
  }, [place, at]);

  const clearSelection = (): void => {
    setAt(-1);
    clear();
  };
  const setFilter = (next: string): void => {
    clearSelection();
    void navigate({ search: { q: next, ...times }, replace: true });
  };
  const move = (by: number): void => {
    // Enter goes to the focused element, so the list takes the focus.
    scroller.current?.focus({ preventScroll: true });
    setAt(Math.max(0, Math.min(rows.count - 1, at + by)));
  };
  const current = at < 0 ? undefined : rows.row(at);
  const open = (search: { verb?: string } = {}): void => {
    const run = current ?? rows.row(0);
    if (run !== undefined) void navigate({ to: "/runs/$id", params: { id: run.id }, search });
  };
  const start = (): void => void navigate({ to: "/workflows" });
  const actionShortcuts: readonly Shortcut[] = [
    { keys: "r", label: "Resume or retry the run", run: () => open({ verb: "go-on" }) },
    { keys: "Shift-C", label: "Cancel the run", run: () => open({ verb: "cancel" }) },
    { keys: "c", label: "Start a run", run: start },
  ];
  useShortcuts([
    { keys: "j", label: "Next run", run: () => move(1) },
    { keys: "k", label: "Previous run", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next run", run: () => move(1), isQuiet: true },
    { keys: "ArrowUp", label: "Previous run", run: () => move(-1), isQuiet: true },
    { keys: "Enter", label: "Open the run", run: () => open() },
    { keys: "x", label: "Select the run", run: () => toggle(at, false) },
    { keys: "Shift-X", label: "Select all up to the run", run: () => toggle(at, true) },
    { keys: "Escape", label: "Clear selection", run: clearSelection },
    ...(isReadOnly ? [] : actionShortcuts),
  ]);
  const onView = useCallback((first: number, last: number) => setView({ first, last }), []);
  const file = (format: "csv" | "ndjson") => (
    <a className={baseStyles.button} href={pathOf("/api/runs/export", { ...filter, format })} download={true}>
      {format.toUpperCase()}
    </a>
  );
  return (
    <div className={styles.page}>
      <PageHeader
        title="Runs"
        about={`${formatNumber(total)}${isExact ? "" : "+"} ${total === 1 ? "matches" : "match"}`}
      >
        <Views
          query={queryOf(q, times)}
          onSelect={(query) => {
            clearSelection();
            void navigate({ search: Object.fromEntries(new URLSearchParams(query)) });
          }}
        />
        <Button onClick={() => void copy(asCommand(q, times), "CLI command")}>Copy as CLI</Button>
        {file("csv")}
        {file("ndjson")}
        {isReadOnly ? null : (
          <Button variant="primary" hint="c" onClick={start}>
            Start a run
          </Button>
        )}
      </PageHeader>
      <Hours
        name={fields.name}
        times={times}
        onPick={(a, b) =>
          void navigate({ search: { q, from: new Date(a).toISOString(), to: new Date(b).toISOString() } })
        }
      />
      <FilterField
        label="Filter"
        placeholder="name:customer-onboarding  key:deal:8841  status:failed  attribute:tier=enterprise  error text"
        text={q}
        onText={setFilter}
      />
      <StatusFilter
        q={q}
        times={times}
        facets={facets.data}
        onFilter={setFilter}
        onAnyTime={() => void navigate({ search: { q } })}
      />
      <div className={pageStyles.line}>
        {newRows > 0 ? (
          <Button
            onClick={() => {
              void rows.reload();
              scroller.current?.scrollTo({ top: 0 });
            }}
          >
            ↑ {plural(newRows, "new run")}
          </Button>
        ) : null}
        {selectedIds.size === 0 ? (
          <span className={styles.dim}>Rows do not move while you point at them; new runs are counted here.</span>
        ) : (
          <SelectionBar
            ids={[...selectedIds]}
            onDone={clear}
            onBulk={setBulk}
            filter={bulkFilterOf(q, times)}
            total={total}
          />
        )}
        <span className={pageStyles.end} aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>x</kbd> select {isReadOnly ? null : <kbd>r</kbd>}{" "}
          {isReadOnly ? null : "resume"} <kbd>?</kbd>
        </span>
      </div>
      <Stale error={rows.updatedAt > 0 ? rows.error : null} at={rows.updatedAt} />
      {rows.isEmpty ? (
        <NoRuns q={q} hasTimes={from !== undefined || to !== undefined} onFilter={setFilter} />
      ) : rows.error !== null && rows.updatedAt === 0 ? (
        <Problem error={rows.error} onRetry={() => void rows.reload()} />
      ) : rows.count === 0 ? (
        <Skeleton rows={12} />
      ) : (
        <div
          style={{ display: "contents" }}
          onPointerOver={() => {
            isHovered.current = true;
          }}
          onPointerOut={() => {
            isHovered.current = false;
          }}
        >
          <RunTable
            rows={rows}
            scroller={scroller}
            at={at}
            onAt={setAt}
            selectedIds={selectedIds}
            onToggle={toggle}
            onView={onView}
            start={leftLists.get(place)?.scroll ?? 0}
          />
        </div>
      )}
      {bulk === null ? null : <BulkDialog request={bulk} onClose={() => setBulk(null)} />}
    </div>
  );
}
