import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Home, Verdict } from "@wire/home.ts";
import { reads } from "../../api/queries.ts";
import { Histogram } from "../../parts/histogram.tsx";
import { Card, Page, pageStyles, RunLink } from "../../parts/page.tsx";
import { Head, partStyles } from "../../parts/parts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { count, firstLine, plural } from "../../parts/words.ts";
import { Ago } from "../../shell/clock.tsx";
import { GuideCard } from "./guide.tsx";
import styles from "./home.module.css";
import { linkTo } from "./target.ts";

/** Is anything wrong, and is it mine? Verdicts first, then what is behind them. */
export function HomePage() {
  const home = useQuery(reads.home());
  const server = useQuery(reads.server());
  return (
    <Page isNarrow={true}>
      <Head title="Home" about={server.data === undefined ? undefined : server.data.store.address} />
      {server.data?.hasGuide ? <GuideCard /> : null}
      <Loaded of={home} rows={6}>
        {(data) => (
          <>
            <Verdicts verdicts={data.verdicts} />
            <Day home={data} />
            <div className={pageStyles.columns}>
              <NewErrors home={data} />
              <LongWaits home={data} />
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}

const glyphs = { ok: "✓", warn: "!", bad: "✕" } as const;
const said = { ok: "All is well", warn: "Look at it", bad: "Something is wrong" } as const;

function Verdicts({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <ul className={styles.verdicts} aria-label="Verdicts">
      {verdicts.map((verdict) => (
        <li key={verdict.id} data-level={verdict.level}>
          <span className={`${styles.glyph} ${partStyles[verdict.level]}`}>
            <span aria-hidden="true">{glyphs[verdict.level]}</span>
            <span className="visually-hidden">{said[verdict.level]}:</span>
          </span>
          <div>
            <strong>{verdict.text}</strong>
            {verdict.why === null ? null : <p>{firstLine(verdict.why)}</p>}
          </div>
          {verdict.next === null ? null : (
            <Link className={partStyles.button} {...linkTo(verdict.next.target)}>
              {verdict.next.label}
            </Link>
          )}
        </li>
      ))}
    </ul>
  );
}

function Day({ home }: { home: Home }) {
  const navigate = useNavigate();
  const sum = (of: "started" | "completed" | "failed"): number =>
    home.hours.reduce((total, hour) => total + hour[of], 0);
  return (
    <Card label="The last 24 hours">
      <h2>
        24 hours: {count(sum("started"))} started, {count(sum("completed"))} completed, {count(sum("failed"))} failed
      </h2>
      <Histogram
        bars={home.hours.map(({ hour, started, failed }) => ({ at: Date.parse(hour), started, failed }))}
        onPick={(from, to) =>
          void navigate({
            to: "/runs",
            search: { from: new Date(from).toISOString(), to: new Date(to).toISOString() },
          })
        }
      />
    </Card>
  );
}

function NewErrors({ home }: { home: Home }) {
  return (
    <Card label="New errors">
      <h2>New errors in 24 h</h2>
      {home.newErrors.length === 0 ? (
        <p className={partStyles.muted}>No error was seen for the first time.</p>
      ) : (
        <ul className={styles.list}>
          {home.newErrors.map((group) => (
            <li key={group.fingerprint}>
              <Link to="/errors/$fingerprint" params={{ fingerprint: group.fingerprint }}>
                {firstLine(group.message)}
              </Link>
              <span className={partStyles.muted}>
                {group.name}
                {group.step === null ? "" : ` · ${group.step}`} · {plural(group.count, "run")} ·{" "}
                <Ago at={group.firstAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function LongWaits({ home }: { home: Home }) {
  return (
    <Card label="Long waits">
      <h2>Waiting longest</h2>
      {home.longWaits.length === 0 ? (
        <p className={partStyles.muted}>Nothing has waited for long.</p>
      ) : (
        <ul className={styles.list}>
          {home.longWaits.map((wait) => (
            <li key={wait.id}>
              <RunLink id={wait.id}>
                {wait.name} {wait.key ?? ""}
              </RunLink>
              <span className={partStyles.muted}>
                {firstLine(wait.reasonText ?? "")} · since <Ago at={wait.since} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
