import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Home, Verdict } from "@wire/home.ts";
import { queries } from "../../api/queries.ts";
import { baseStyles, PageHeader } from "../../components/basics.tsx";
import { Histogram } from "../../components/histogram.tsx";
import { Card, Page, pageStyles, RunLink } from "../../components/page.tsx";
import { Loaded } from "../../components/states.tsx";
import { firstLine, formatNumber, plural } from "../../components/text.ts";
import { RelativeTime } from "../../shell/clock.tsx";
import { GuideCard } from "./guide.tsx";
import styles from "./home.module.css";
import { linkTo } from "./target.ts";

/** The overall state: verdicts first, then the data behind them. */
export function HomePage() {
  const home = useQuery(queries.home());
  const server = useQuery(queries.server());
  return (
    <Page isNarrow={true}>
      <PageHeader title="Home" about={server.data === undefined ? undefined : server.data.store.address} />
      {server.data?.hasGuide ? <GuideCard /> : null}
      <Loaded query={home} rows={6}>
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
const levelTexts = { ok: "OK", warn: "Warning", bad: "Problem" } as const;

function Verdicts({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <ul className={styles.verdicts} aria-label="Status summary">
      {verdicts.map((verdict) => (
        <li key={verdict.id} data-level={verdict.level}>
          <span className={`${styles.glyph} ${baseStyles[verdict.level]}`}>
            <span aria-hidden="true">{glyphs[verdict.level]}</span>
            <span className="visually-hidden">{levelTexts[verdict.level]}:</span>
          </span>
          <div>
            <strong>{verdict.text}</strong>
            {verdict.why === null ? null : <p>{firstLine(verdict.why)}</p>}
          </div>
          {verdict.next === null ? null : (
            <Link className={baseStyles.button} {...linkTo(verdict.next.target)}>
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
    <Card label="Last 24 hours">
      <h2>
        Last 24 hours: {formatNumber(sum("started"))} started, {formatNumber(sum("completed"))} completed,{" "}
        {formatNumber(sum("failed"))} failed
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
      <h2>New errors, last 24 h</h2>
      {home.newErrors.length === 0 ? (
        <p className={baseStyles.muted}>No new errors.</p>
      ) : (
        <ul className={styles.list}>
          {home.newErrors.map((group) => (
            <li key={group.fingerprint}>
              <Link to="/errors/$fingerprint" params={{ fingerprint: group.fingerprint }}>
                {firstLine(group.message)}
              </Link>
              <span className={baseStyles.muted}>
                {group.name}
                {group.step === null ? "" : ` · ${group.step}`} · {plural(group.count, "run")} ·{" "}
                <RelativeTime at={group.firstAt} />
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
      <h2>Longest waits</h2>
      {home.longWaits.length === 0 ? (
        <p className={baseStyles.muted}>No long waits.</p>
      ) : (
        <ul className={styles.list}>
          {home.longWaits.map((wait) => (
            <li key={wait.id}>
              <RunLink id={wait.id}>
                {wait.name} {wait.key ?? ""}
              </RunLink>
              <span className={baseStyles.muted}>
                {firstLine(wait.reasonText ?? "")} · began <RelativeTime at={wait.since} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
