import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import type { KeyEntry } from "@wire/key.ts";
import { reads } from "../../api/queries.ts";
import { formatFilter } from "../../parts/filter.ts";
import { Page, Pager } from "../../parts/page.tsx";
import { Head, partStyles, tone } from "../../parts/parts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { count, firstLine, plain, plural, runStatus, type Shown, statusOrder } from "../../parts/words.ts";
import { Moment, useZone } from "../../shell/clock.tsx";
import { dayOf, dayWords } from "./days.ts";
import styles from "./key.module.css";

/** Everything about one business key: its runs, what they got and what people did to them, in one line of time. */
export function KeyPage() {
  const { key } = useParams({ from: "/k/$key" });
  const { page = null } = useSearch({ from: "/k/$key" });
  const timeline = useQuery(reads.key(key, page));
  return (
    <Page>
      <Head title={<code>{plain(key)}</code>} about="everything of this key, newest first">
        <Link className={partStyles.button} to="/runs" search={{ q: formatFilter({ fields: { key }, words: "" }) }}>
          As a list of runs
        </Link>
      </Head>
      <Loaded of={timeline} rows={10}>
        {({ entries, nextPageToken }) => (
          <>
            {entries.length === 0 ? (
              page === null ? (
                <Nothing keyText={key} />
              ) : (
                <Empty title="Nothing older" />
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

/** How many runs it has in each status. */
function Statuses({ keyText }: { keyText: string }) {
  const facets = useQuery(reads.facets({ key: keyText }));
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
              className={`${styles.status} ${tone(shown.tone)}`}
              to="/runs"
              search={{ q: formatFilter({ fields: { key: keyText, status }, words: "" }) }}
            >
              <span aria-hidden="true">{shown.glyph}</span> {shown.word} {count(facet.count)}
              {facet.isExact ? "" : "+"}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

const kinds: Readonly<Record<KeyEntry["kind"], Shown>> = {
  started: { word: "Started", glyph: "○", tone: "calm" },
  ended: { word: "Ended", glyph: "■", tone: "calm" },
  event: { word: "Event", glyph: "⚡", tone: "go" },
  act: { word: "Act", glyph: "☞", tone: "warn" },
  note: { word: "Note", glyph: "✎", tone: "calm" },
};

/** An end is told by how it ended. */
function shownKind({ kind, status }: KeyEntry): Shown {
  return kind === "ended" ? runStatus[status] : kinds[kind];
}

function Days({ entries }: { entries: readonly KeyEntry[] }) {
  const zone = useZone();
  const days = Map.groupBy(entries, ({ at }) => dayOf(at, zone));
  return [...days].map(([day, ofDay]) => (
    <section key={day} className={styles.day}>
      <h2>
        {dayWords(ofDay[0]?.at ?? "", zone)} <small className={partStyles.muted}>{zone}</small>
      </h2>
      <ol className={partStyles.panel}>
        {ofDay.map((entry, i) => {
          const shown = shownKind(entry);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two entries may be alike in all but their place
            <li key={`${entry.run} ${entry.at} ${i}`} className={styles.entry}>
              <Moment at={entry.at} isBare={true} isTimeOnly={true} />
              <span className={`${styles.kind} ${tone(shown.tone)}`}>
                <span aria-hidden="true">{shown.glyph}</span> {shown.word}
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
  const said = text === null ? "" : firstLine(text);
  switch (kind) {
    case "started":
      return [actor === null ? "" : `by ${actor}`, said].filter(Boolean).join(" · ");
    case "event":
      return `got ${said}`;
    case "act":
    case "note":
      return [said, actor === null ? "" : `by ${actor}`].filter(Boolean).join(" · ");
    default:
      return said;
  }
}

function Nothing({ keyText }: { keyText: string }) {
  return (
    <Empty title={`No run has the key ${plain(keyText)}`}>
      <p>
        Retention may have removed its runs, somebody may have erased them, or it is written differently: keys are
        compared as a whole.
      </p>
      <p>
        <Link to="/runs" search={{ q: keyText }}>
          Look for it as words
        </Link>{" "}
        · <Link to="/runs">all runs</Link>
      </p>
      <p>
        A workflow names its key with <code>key: (input) =&gt; …</code>:
      </p>
      <pre>{`workflow({ name: "customer-onboarding", key: ({ dealId }) => \`deal:\${dealId}\` }, …)`}</pre>
    </Empty>
  );
}
