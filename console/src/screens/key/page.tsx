import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import type { KeyEntry } from "@wire/key.ts";
import { queries } from "../../api/queries.ts";
import { baseStyles, PageHeader, toneClass } from "../../components/basics.tsx";
import { formatFilter } from "../../components/filter.ts";
import { Page, Pager } from "../../components/page.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { type Badge, runStatus, statusOrder } from "../../components/status.ts";
import { escapeControls, firstLine, formatNumber, plural } from "../../components/text.ts";
import { Timestamp, useZone } from "../../shell/clock.tsx";
import { dayOf, dayText } from "./days.ts";
import styles from "./key.module.css";

/** The timeline of a business key: its runs, their events, and user actions. */
export function KeyPage() {
  const { key } = useParams({ from: "/k/$key" });
  const { page = null } = useSearch({ from: "/k/$key" });
  const timeline = useQuery(queries.key(key, page));
  return (
    <Page>
      <PageHeader title={<code>{escapeControls(key)}</code>} about="all activity for this key, newest first">
        <Link className={baseStyles.button} to="/runs" search={{ q: formatFilter({ fields: { key }, words: "" }) }}>
          Show as run list
        </Link>
      </PageHeader>
      <Loaded query={timeline} rows={10}>
        {({ entries, nextPageToken }) => (
          <>
            {entries.length === 0 ? (
              page === null ? (
                <NoRuns keyText={key} />
              ) : (
                <Empty title="No older entries" />
              )
            ) : (
              <>
                <Statuses keyText={key} />
                <Days entries={entries} />
              </>
            )}
            <Pager to="/k/$key" params={{ key }} page={page} next={nextPageToken} what="runs" />
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** The number of runs by status. */
function Statuses({ keyText }: { keyText: string }) {
  const facets = useQuery(queries.facets({ key: keyText }));
  const items = facets.data?.items ?? [];
  const total = items.reduce((sum, facet) => sum + facet.count, 0);
  if (total === 0) return null;
  return (
    <ul className={styles.statuses} aria-label={`${plural(total, "run")} by status`}>
      {statusOrder.map((status) => {
        const facet = items.find((each) => each.status === status);
        if (facet === undefined || facet.count === 0) return null;
        const shown = runStatus[status];
        return (
          <li key={status}>
            <Link
              className={`${styles.status} ${toneClass(shown.tone)}`}
              to="/runs"
              search={{ q: formatFilter({ fields: { key: keyText, status }, words: "" }) }}
            >
              <span aria-hidden="true">{shown.glyph}</span> {shown.label} {formatNumber(facet.count)}
              {facet.isExact ? "" : "+"}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

const kindBadges: Readonly<Record<KeyEntry["kind"], Badge>> = {
  started: { label: "Started", glyph: "○", tone: "calm" },
  ended: { label: "Ended", glyph: "■", tone: "calm" },
  event: { label: "Event", glyph: "⚡", tone: "go" },
  act: { label: "Action", glyph: "☞", tone: "warn" },
  note: { label: "Note", glyph: "✎", tone: "calm" },
};

/** The end of a run is shown with its final status. */
function entryBadge({ kind, status }: KeyEntry): Badge {
  return kind === "ended" ? runStatus[status] : kindBadges[kind];
}

function Days({ entries }: { entries: readonly KeyEntry[] }) {
  const zone = useZone();
  const days = Map.groupBy(entries, ({ at }) => dayOf(at, zone));
  return [...days].map(([day, ofDay]) => (
    <section key={day} className={styles.day}>
      <h2>
        {dayText(ofDay[0]?.at ?? "", zone)} <small className={baseStyles.muted}>{zone}</small>
      </h2>
      <ol className={baseStyles.panel}>
        {ofDay.map((entry, i) => {
          const shown = entryBadge(entry);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two entries may differ only by position
            <li key={`${entry.run} ${entry.at} ${i}`} className={styles.entry}>
              <Timestamp at={entry.at} isZoneHidden={true} isTimeOnly={true} />
              <span className={`${styles.kind} ${toneClass(shown.tone)}`}>
                <span aria-hidden="true">{shown.glyph}</span> {shown.label}
              </span>
              <span className={styles.text}>
                <Link to="/runs/$id" params={{ id: entry.run }} title={entry.run}>
                  {entry.name}
                </Link>{" "}
                <span className={entry.kind === "ended" && entry.status === "failed" ? styles.bad : undefined}>
                  {textOf(entry)}
                </span>
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  ));
}

function textOf({ kind, text, actor }: KeyEntry): string {
  const content = text === null ? "" : firstLine(text);
  switch (kind) {
    case "started":
      return [actor === null ? "" : `by ${actor}`, content].filter(Boolean).join(" · ");
    case "event":
      return `received ${content}`;
    case "act":
    case "note":
      return [content, actor === null ? "" : `by ${actor}`].filter(Boolean).join(" · ");
    default:
      return content;
  }
}

function NoRuns({ keyText }: { keyText: string }) {
  return (
    <Empty title={`No runs with key ${escapeControls(keyText)}`}>
      <p>
        Its runs may have been removed by retention or erased, or the key is spelled differently: keys must match
        exactly.
      </p>
      <p>
        <Link to="/runs" search={{ q: keyText }}>
          Search for it as text
        </Link>{" "}
        · <Link to="/runs">all runs</Link>
      </p>
      <p>
        A workflow sets its key with <code>key: (input) =&gt; …</code>:
      </p>
      <pre>{`workflow({ name: "customer-onboarding", key: ({ dealId }) => \`deal:\${dealId}\` }, …)`}</pre>
    </Empty>
  );
}
