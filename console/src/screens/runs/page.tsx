import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { BulkVerb } from "@wire/bulk.ts";
import { bulkVerbs } from "@wire/bulk.ts";
import type { RunDetail } from "@wire/run.ts";
import { useCallback, useDeferredValue, useEffect, useRef, useState } from "react";
import { type BulkAsked, BulkSheet } from "../../acts/bulk-sheet.tsx";
import { bulkWords } from "../../acts/words.ts";
import { get, pathOf } from "../../api/client.ts";
import { reads } from "../../api/queries.ts";
import { Button, Chip, Head, partStyles } from "../../parts/parts.tsx";
import { Empty, Problem, Skeleton, Stale } from "../../parts/states.tsx";
import { count, plural, runStatus, statusOrder } from "../../parts/words.ts";
import { announce, copy } from "../../shell/announce.tsx";
import { serverNow } from "../../shell/clock.tsx";
import { useKeys } from "../../shell/keys.ts";
import { asCommand, filterParams, formatFilter, parseFilter, withField } from "./filter.ts";
import { FirstRun } from "./first-run.tsx";
import { barsOf, Histogram } from "./histogram.tsx";
import { useRows } from "./rows.ts";
import styles from "./runs.module.css";
import { RunTable } from "./table.tsx";
import { Views } from "./views.tsx";
import { useVisibleRows } from "./visible.ts";

const dayMs = 86_400_000;
const shownMs = 5 * dayMs;

/** Where a list was left, by its address: whoever comes back finds it so. */
const left = new Map<string, { readonly at: number; readonly scroll: number }>();

/** Every run of every workflow: which need me, and where is the one that I look for? */
export function RunsPage() {
  const { q = "", from, to } = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const times = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const filter = filterParams(q, times);
  const place = JSON.stringify(filter);
  const { fields } = parseFilter(q);
  const [view, setView] = useState({ first: 0, last: 30 });
  const rows = useRows(filter, view.first, view.last);
  const [at, setAt] = useState(() => left.get(place)?.at ?? -1);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [lastTick, setLastTick] = useState(-1);
  const [bulk, setBulk] = useState<BulkAsked | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const isHovered = useRef(false);
  const { status: _status, ...anyStatus } = filter;
  const facets = useQuery(reads.facets(anyStatus));
  const total = (facets.data?.items ?? [])
    .filter((facet) => fields.status === undefined || facet.status === fields.status)
    .reduce((sum, facet) => sum + facet.count, 0);
  const newRows = useNewRows(rows.epoch, facets.data === undefined || facets.isPlaceholderData ? null : total);
  const isAtRest = at < 0 && ticked.size === 0;
  useRenewAtRest(newRows, rows.renew, () => isAtRest && !isHovered.current && (scroller.current?.scrollTop ?? 0) === 0);
  useVisibleRows(rows, view.first, view.last);

  useEffect(() => {
    const { current } = scroller;
    return () => void left.set(place, { at, scroll: current?.scrollTop ?? 0 });
  }, [place, at]);

  const setFilter = (next: string): void => {
    setAt(-1);
    setTicked(new Set());
    void navigate({ search: { q: next, ...times }, replace: true });
  };
  const move = (by: number): void => {
    // Enter belongs to whatever has the focus: from now on that is the list.
    scroller.current?.focus({ preventScroll: true });
    setAt(Math.max(0, Math.min(rows.count - 1, at + by)));
  };
  const current = at < 0 ? undefined : rows.row(at);
  const tick = useCallback(
    (index: number, isRange: boolean): void => {
      const run = rows.row(index);
      if (run === undefined) return;
      const next = new Set(ticked);
      if (isRange && lastTick >= 0) {
        for (let i = Math.min(index, lastTick); i <= Math.max(index, lastTick); i++) {
          const id = rows.row(i)?.id;
          if (id !== undefined) next.add(id);
        }
      } else if (next.has(run.id)) next.delete(run.id);
      else next.add(run.id);
      setTicked(next);
      setLastTick(index);
    },
    [rows, ticked, lastTick],
  );
  const open = (search: { verb?: string } = {}): void => {
    const run = current ?? rows.row(0);
    if (run !== undefined) void navigate({ to: "/runs/$id", params: { id: run.id }, search });
  };
  useKeys([
    { keys: "j", label: "Next run", run: () => move(1) },
    { keys: "k", label: "Run before", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next run", run: () => move(1), isQuiet: true },
    { keys: "ArrowUp", label: "Run before", run: () => move(-1), isQuiet: true },
    { keys: "Enter", label: "Open the run", run: () => open() },
    { keys: "x", label: "Choose the run", run: () => tick(at, false) },
    { keys: "Shift-X", label: "Choose all up to the run", run: () => tick(at, true) },
    { keys: "r", label: "Resume or retry the run", run: () => open({ verb: "go-on" }) },
    { keys: "Shift-C", label: "Cancel the run", run: () => open({ verb: "cancel" }) },
    { keys: "c", label: "Start a run", run: () => void navigate({ href: "/workflows" }) },
    {
      keys: "Escape",
      label: "Choose nothing",
      run: () => {
        setAt(-1);
        setTicked(new Set());
      },
    },
  ]);
  const onView = useCallback((first: number, last: number) => setView({ first, last }), []);
  return (
    <div className={styles.page}>
      <Head
        title="Runs"
        about={<About total={total} isExact={facets.data?.items.every((each) => each.isExact) ?? true} />}
      >
        <Views query={q} onChoose={setFilter} />
        <Button onClick={() => void copy(asCommand(q, times), "the command")}>Copy as CLI</Button>
        <a
          className={partStyles.button}
          href={pathOf("/api/runs/export", { ...filter, format: "csv" })}
          download={true}
        >
          CSV
        </a>
        <a
          className={partStyles.button}
          href={pathOf("/api/runs/export", { ...filter, format: "ndjson" })}
          download={true}
        >
          NDJSON
        </a>
        <Button look="primary" hint="c" onClick={() => void navigate({ href: "/workflows" })}>
          Start a run
        </Button>
      </Head>
      <Hours
        name={fields.name}
        times={times}
        onPick={(a, b) => void navigate({ search: { q, from: iso(a), to: iso(b) } })}
      />
      <FilterField text={q} onText={setFilter} />
      <div className={styles.line} role="group" aria-label="Status">
        {statusOrder.map((status) => {
          const facet = facets.data?.items.find((each) => each.status === status);
          if ((facet?.count ?? 0) === 0 && fields.status !== status) return null;
          const { glyph, word } = runStatus[status];
          return (
            <Chip
              key={status}
              isPressed={fields.status === status}
              onClick={() => setFilter(withField(q, "status", fields.status === status ? null : status))}
            >
              <span aria-hidden="true">{glyph}</span> {word}{" "}
              <span className={partStyles.chipCount}>
                {count(facet?.count ?? 0)}
                {facet?.isExact === false ? "+" : ""}
              </span>
            </Chip>
          );
        })}
        {from === undefined && to === undefined ? null : (
          <Chip isPressed={true} onClick={() => void navigate({ search: { q } })}>
            {from?.slice(0, 16)} … {to?.slice(0, 16)} ✕
          </Chip>
        )}
      </div>
      <div className={styles.line}>
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
          <Chosen
            ids={[...ticked]}
            onDone={() => setTicked(new Set())}
            onBulk={setBulk}
            filter={bulkFilterOf(q, times)}
            total={total}
          />
        )}
        <span className={styles.end} aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>x</kbd> choose <kbd>r</kbd> resume <kbd>?</kbd>
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

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function About({ total, isExact }: { total: number; isExact: boolean }) {
  return (
    <>
      {count(total)}
      {isExact ? "" : "+"} {total === 1 ? "matches" : "match"}
    </>
  );
}

/** Rows that have come since the list was read, by the exact counters. */
function useNewRows(epoch: number, total: number | null): number {
  const [seen, setSeen] = useState<{ epoch: number; total: number } | null>(null);
  useEffect(() => {
    if (total !== null && seen?.epoch !== epoch) setSeen({ epoch, total });
  }, [epoch, total, seen]);
  return seen === null || total === null || seen.epoch !== epoch ? 0 : Math.max(0, total - seen.total);
}

const renewMs = 2_000;

/** While nobody points at a row, has one chosen or has scrolled, the list shows what is new by itself. */
function useRenewAtRest(newRows: number, renew: () => Promise<void>, isAtRest: () => boolean): void {
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

function Hours({
  name,
  times,
  onPick,
}: {
  name: string | undefined;
  times: { from?: string; to?: string };
  onPick: (from: number, to: number) => void;
}) {
  // The window moves on with the hour, not with every render.
  const end = Math.ceil(serverNow() / 3_600_000) * 3_600_000;
  const from = times.from === undefined ? end - shownMs : Date.parse(times.from);
  const to = times.to === undefined ? end : Date.parse(times.to);
  const hours = useQuery(reads.hours({ from: iso(from), to: iso(to), ...(name === undefined ? {} : { name }) }));
  return <Histogram bars={barsOf(hours.data ?? [], from, to)} onPick={onPick} />;
}

function FilterField({ text, onText }: { text: string; onText: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const settled = useDeferredValue(typed);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setTyped(text), [text]);
  return (
    <input
      data-filter={true}
      className={styles.filter}
      aria-label="Filter"
      placeholder={
        "name:customer-onboarding  key:deal:8841  status:failed  attribute:tier=enterprise  words of an error"
      }
      value={settled === typed ? typed : typed}
      spellCheck={false}
      onChange={(event) => {
        const { value } = event.target;
        setTyped(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onText(value), 250);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          clearTimeout(timer.current);
          onText(typed);
          event.currentTarget.blur();
        } else if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

type BulkFilterOrNone = BulkAsked["filter"] | null;

/** A bulk act takes a filter of fields alone: words and attributes it does not know. */
function bulkFilterOf(q: string, times: { from?: string; to?: string }): BulkFilterOrNone {
  const { fields, words } = parseFilter(q);
  const { attribute, version, name, key, fingerprint, status } = fields;
  if (words !== "" || attribute !== undefined || version !== undefined) return null;
  return {
    ...(name === undefined ? {} : { name }),
    ...(key === undefined ? {} : { key }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(status === undefined ? {} : { status: status as NonNullable<BulkAsked["filter"]["status"]> }),
    ...(times.from === undefined ? {} : { createdFrom: times.from }),
    ...(times.to === undefined ? {} : { createdTo: times.to }),
  };
}

/** What may be asked of the chosen rows, one by one, or of all that match, as one act of the store. */
function Chosen({
  ids,
  onDone,
  onBulk,
  filter,
  total,
}: {
  ids: readonly string[];
  onDone: () => void;
  onBulk: (asked: BulkAsked) => void;
  filter: BulkFilterOrNone;
  total: number;
}) {
  const navigate = useNavigate();
  const [verb, setVerb] = useState<BulkVerb>("resume");
  const compare = ids.length === 2;
  const single = async (): Promise<void> => {
    const found = await Promise.all(ids.map((id) => get<RunDetail>(`/api/runs/${id}`)));
    const open = found.find((run) => run.verbs.includes(verb === "redrive" ? "resume" : verb));
    if (open === undefined) announce(`None of them may be asked to ${verb}`, { isProblem: true });
    else
      void navigate({
        to: "/runs/$id",
        params: { id: open.id },
        search: { verb: verb === "redrive" ? "resume" : verb },
      });
  };
  return (
    <span className={`${styles.line} ${styles.chosen}`}>
      {count(ids.length)} chosen
      <select aria-label="Verb" value={verb} onChange={(event) => setVerb(event.target.value as BulkVerb)}>
        {bulkVerbs.map((each) => (
          <option key={each} value={each}>
            {bulkWords[each].label}
          </option>
        ))}
      </select>
      {ids.length === 1 ? <Button onClick={() => void single()}>{bulkWords[verb].label} it…</Button> : null}
      {compare ? (
        <Button onClick={() => void navigate({ href: `/compare?a=${ids[0]}&b=${ids[1]}` })}>Compare the two</Button>
      ) : null}
      {filter === null ? null : (
        <Button onClick={() => onBulk({ verb, filter, scope: `all ${count(total)} that match` })}>
          {bulkWords[verb].label} all {count(total)} that match…
        </Button>
      )}
      <Button look="quiet" onClick={onDone}>
        Choose none
      </Button>
    </span>
  );
}

/** Nothing was ever started, or nothing matches: then what would. */
function Nothing({ q, hasTimes, onFilter }: { q: string; hasTimes: boolean; onFilter: (text: string) => void }) {
  const { fields, words } = parseFilter(q);
  const home = useQuery(reads.home());
  const wider = fields.status === undefined ? "" : withField(q, "status", null);
  const count0 = useQuery({
    queryKey: ["facets", "wider", wider],
    queryFn: () => get<{ count: number; isExact: boolean }>("/api/runs/count", filterParams(wider)),
    enabled: fields.status !== undefined,
  });
  if (q === "" && !hasTimes) return <FirstRun />;
  return (
    <Empty title={`0 of ${count(home.data?.runs ?? 0)} runs match`}>
      {fields.status === undefined ? null : (
        <p>
          Without <code>status:{fields.status}</code> there are {count(count0.data?.count ?? 0)}
          {count0.data?.isExact === false ? "+" : ""}. <Button onClick={() => onFilter(wider)}>Leave it out</Button>
        </p>
      )}
      {words === "" ? null : (
        <p>
          <code>{words}</code> is looked for at the beginning of ids and keys, in newer keys, and in the words of
          errors. <Button onClick={() => onFilter(formatFilter({ fields, words: "" }))}>Leave it out</Button>
        </p>
      )}
      <p>
        <Button onClick={() => onFilter("")}>Show all runs</Button>
      </p>
    </Empty>
  );
}
