import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { type BulkAsked, BulkSheet } from "../../acts/bulk-sheet.tsx";
import { pathOf } from "../../api/client.ts";
import { reads } from "../../api/queries.ts";
import { asCommand, filterParams, parseFilter } from "../../parts/filter.ts";
import { FilterField } from "../../parts/filter-field.tsx";
import { pageStyles } from "../../parts/page.tsx";
import { Button, Head, partStyles } from "../../parts/parts.tsx";
import { Problem, Skeleton, Stale } from "../../parts/states.tsx";
import { count, plural } from "../../parts/words.ts";
import { copy } from "../../shell/announce.tsx";
import { type Key, useKeys } from "../../shell/keys.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { bulkFilterOf, Chosen } from "./chosen.tsx";
import { Hours } from "./hours.tsx";
import { useNewRows, useRenewAtRest } from "./new-rows.ts";
import { Nothing } from "./nothing.tsx";
import { useRows } from "./rows.ts";
import styles from "./runs.module.css";
import { Statuses } from "./statuses.tsx";
import { RunTable } from "./table.tsx";
import { useTicks } from "./ticks.ts";
import { type Times, timesOf } from "./times.ts";
import { Views } from "./views.tsx";
import { useVisibleRows } from "./visible.ts";

/** Where a list was left, by its address: whoever comes back finds it so. */
const left = new Map<string, { readonly at: number; readonly scroll: number }>();

/** What a saved view keeps: the search of its address. */
function queryOf(q: string, times: Times): string {
  return new URLSearchParams({ ...(q === "" ? {} : { q }), ...times }).toString();
}

/** Every run of every workflow: which need me, and where is the one that I look for? */
export function RunsPage() {
  const { q = "", from, to } = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const times = timesOf(from, to);
  const filter = filterParams(q, times);
  const place = JSON.stringify(filter);
  const { fields } = parseFilter(q);
  const [view, setView] = useState({ first: 0, last: 30 });
  const rows = useRows(filter, view.first, view.last);
  const [at, setAt] = useState(() => left.get(place)?.at ?? -1);
  const { ids: ticked, tick, clear } = useTicks(rows);
  const isReadOnly = useReadOnly();
  const [bulk, setBulk] = useState<BulkAsked | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const isHovered = useRef(false);
  const { status: _status, ...anyStatus } = filter;
  const facets = useQuery(reads.facets(anyStatus));
  const total = (facets.data?.items ?? [])
    .filter((facet) => fields.status === undefined || facet.status === fields.status)
    .reduce((sum, facet) => sum + facet.count, 0);
  const isExact = facets.data?.items.every((each) => each.isExact) ?? true;
  const newRows = useNewRows(rows.epoch, facets.data === undefined || facets.isPlaceholderData ? null : total);
  const isAtRest = at < 0 && ticked.size === 0;
  useRenewAtRest(newRows, rows.renew, () => isAtRest && !isHovered.current && (scroller.current?.scrollTop ?? 0) === 0);
  useVisibleRows(rows, view.first, view.last);

  useEffect(() => {
    const { current } = scroller;
    return () => void left.set(place, { at, scroll: current?.scrollTop ?? 0 });
  }, [place, at]);

  const chooseNone = (): void => {
    setAt(-1);
    clear();
  };
  const setFilter = (next: string): void => {
    chooseNone();
    void navigate({ search: { q: next, ...times }, replace: true });
  };
  const move = (by: number): void => {
    // Enter belongs to whatever has the focus: from now on that is the list.
    scroller.current?.focus({ preventScroll: true });
    setAt(Math.max(0, Math.min(rows.count - 1, at + by)));
  };
  const current = at < 0 ? undefined : rows.row(at);
  const open = (search: { verb?: string } = {}): void => {
    const run = current ?? rows.row(0);
    if (run !== undefined) void navigate({ to: "/runs/$id", params: { id: run.id }, search });
  };
  const start = (): void => void navigate({ to: "/workflows" });
  const acts: readonly Key[] = [
    { keys: "r", label: "Resume or retry the run", run: () => open({ verb: "go-on" }) },
    { keys: "Shift-C", label: "Cancel the run", run: () => open({ verb: "cancel" }) },
    { keys: "c", label: "Start a run", run: start },
  ];
  useKeys([
    { keys: "j", label: "Next run", run: () => move(1) },
    { keys: "k", label: "Run before", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next run", run: () => move(1), isQuiet: true },
    { keys: "ArrowUp", label: "Run before", run: () => move(-1), isQuiet: true },
    { keys: "Enter", label: "Open the run", run: () => open() },
    { keys: "x", label: "Choose the run", run: () => tick(at, false) },
    { keys: "Shift-X", label: "Choose all up to the run", run: () => tick(at, true) },
    { keys: "Escape", label: "Choose nothing", run: chooseNone },
    ...(isReadOnly ? [] : acts),
  ]);
  const onView = useCallback((first: number, last: number) => setView({ first, last }), []);
  const file = (format: "csv" | "ndjson") => (
    <a className={partStyles.button} href={pathOf("/api/runs/export", { ...filter, format })} download={true}>
      {format.toUpperCase()}
    </a>
  );
  return (
    <div className={styles.page}>
      <Head title="Runs" about={`${count(total)}${isExact ? "" : "+"} ${total === 1 ? "matches" : "match"}`}>
        <Views
          query={queryOf(q, times)}
          onChoose={(query) => {
            chooseNone();
            void navigate({ search: Object.fromEntries(new URLSearchParams(query)) });
          }}
        />
        <Button onClick={() => void copy(asCommand(q, times), "the command")}>Copy as CLI</Button>
        {file("csv")}
        {file("ndjson")}
        {isReadOnly ? null : (
          <Button look="primary" hint="c" onClick={start}>
            Start a run
          </Button>
        )}
      </Head>
      <Hours
        name={fields.name}
        times={times}
        onPick={(a, b) =>
          void navigate({ search: { q, from: new Date(a).toISOString(), to: new Date(b).toISOString() } })
        }
      />
      <FilterField
        label="Filter"
        placeholder="name:customer-onboarding  key:deal:8841  status:failed  attribute:tier=enterprise  words of an error"
        text={q}
        onText={setFilter}
      />
      <Statuses
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
              void rows.renew();
              scroller.current?.scrollTo({ top: 0 });
            }}
          >
            ↑ {plural(newRows, "new run")}
          </Button>
        ) : null}
        {ticked.size === 0 ? (
          <span className={styles.dim}>Rows under your cursor never move; new ones wait here.</span>
        ) : (
          <Chosen ids={[...ticked]} onDone={clear} onBulk={setBulk} filter={bulkFilterOf(q, times)} total={total} />
        )}
        <span className={pageStyles.end} aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>x</kbd> choose {isReadOnly ? null : <kbd>r</kbd>}{" "}
          {isReadOnly ? null : "resume"} <kbd>?</kbd>
        </span>
      </div>
      <Stale error={rows.updatedAt > 0 ? rows.error : null} at={rows.updatedAt} />
      {rows.isEmpty ? (
        <Nothing q={q} hasTimes={from !== undefined || to !== undefined} onFilter={setFilter} />
      ) : rows.error !== null && rows.updatedAt === 0 ? (
        <Problem error={rows.error} onRetry={() => void rows.renew()} />
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
            ticked={ticked}
            onTick={tick}
            onView={onView}
            start={left.get(place)?.scroll ?? 0}
          />
        </div>
      )}
      {bulk === null ? null : <BulkSheet asked={bulk} onClose={() => setBulk(null)} />}
    </div>
  );
}
