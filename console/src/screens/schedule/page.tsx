import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { FireGapView, FireView, ScheduleDetail } from "@wire/schedule.ts";
import { useState } from "react";
import { reads } from "../../api/queries.ts";
import { Crumbs, Facts, Page, pageStyles, RunLink, Section } from "../../parts/page.tsx";
import { Button, Head, Pill, partStyles, tone } from "../../parts/parts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { duration, moment } from "../../parts/time.ts";
import { plural } from "../../parts/words.ts";
import { Ago, Moment, useZone } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { untilNext } from "../schedules/until-next.ts";
import { fireShown, fireWords, movedWords, overlapWords, timingWords } from "../schedules/words.ts";
import { type ScheduleAct, ScheduleSheet } from "./acts.tsx";
import styles from "./schedule.module.css";

/** One schedule: what will fire and when, in its zone and in mine, and what became of the times that are past. */
export function SchedulePage() {
  const { id } = useParams({ from: "/schedules/$id" });
  const schedule = useQuery({
    ...reads.schedule(id),
    refetchInterval: ({ state }) => (state.data === undefined ? false : untilNext([state.data])),
  });
  return (
    <Page>
      <Crumbs>
        <Link to="/schedules">Schedules</Link>
      </Crumbs>
      {schedule.data === undefined ? <Head title={id} /> : null}
      <Loaded of={schedule}>{(data) => <Schedule schedule={data} />}</Loaded>
    </Page>
  );
}

function Schedule({ schedule }: { schedule: ScheduleDetail }) {
  const { id, workflow, isPaused, isLoaded } = schedule;
  const isReadOnly = useReadOnly();
  const [asked, setAsked] = useState<ScheduleAct | null>(null);
  return (
    <>
      <Head title={id} about={timingWords(schedule)}>
        {isReadOnly ? null : (
          <>
            <Button onClick={() => setAsked(isPaused ? "resume" : "pause")}>{isPaused ? "Resume" : "Pause"}</Button>
            {isLoaded ? (
              <>
                <Button onClick={() => setAsked("backfill")}>Backfill…</Button>
                <Button look="primary" onClick={() => setAsked("run-now")}>
                  Run now
                </Button>
              </>
            ) : null}
          </>
        )}
      </Head>
      <Paused schedule={schedule} />
      {isLoaded ? null : (
        <p className={partStyles.stale} role="status">
          ! This process has not the code of {workflow}: another one fires it, or nobody does.
        </p>
      )}
      <About schedule={schedule} />
      <Next schedule={schedule} />
      <div className={pageStyles.columns}>
        <Fires fires={schedule.fires} />
        <Gaps gaps={schedule.gaps} />
      </div>
      {asked === null ? null : (
        <ScheduleSheet key={asked} schedule={schedule} act={asked} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

function Paused({ schedule: { isPaused, pausedBy, pausedWhy, pausedAt } }: { schedule: ScheduleDetail }) {
  if (!isPaused) return null;
  return (
    <p className={partStyles.stale} role="status">
      ‖ Paused by {pausedBy ?? "somebody"}
      {pausedAt === null ? null : (
        <>
          {" "}
          since <Moment at={pausedAt} />
        </>
      )}
      : {pausedWhy ?? "no reason was given"}. Its times pass without runs.
    </p>
  );
}

function About({ schedule }: { schedule: ScheduleDetail }) {
  const { workflow, text, timing, overlap, catchUpMs, jitterMs, buffered, createdAt } = schedule;
  return (
    <Facts
      facts={[
        {
          name: "Starts",
          value: (
            <Link to="/workflows/$name" params={{ name: workflow }}>
              {workflow}
            </Link>
          ),
        },
        { name: "Timing", value: <code>{text}</code> },
        { name: "Zone", value: timing.zone },
        { name: "While the run before is not over", value: overlapWords[overlap] },
        { name: "Made up for when late by at most", value: duration(catchUpMs) },
        { name: "Jitter", value: jitterMs === 0 ? null : `up to ${duration(jitterMs)}` },
        {
          name: "A time that does not exist",
          value: timing.gap === undefined ? null : timing.gap === "skip" ? "is left out" : "runs at the next that does",
        },
        { name: "A time that comes twice", value: timing.repeated === undefined ? null : `runs ${timing.repeated}` },
        { name: "Waits for the run before", value: buffered === null ? null : <Moment at={buffered} /> },
        { name: "Known since", value: <Moment at={createdAt} /> },
      ]}
    />
  );
}

function Next({ schedule }: { schedule: ScheduleDetail }) {
  const { next, timing, isPaused } = schedule;
  const zone = useZone();
  return (
    <Section title="Next times" about={isPaused ? "as if it were not paused" : undefined}>
      {next.length === 0 ? (
        <div className={pageStyles.padded}>
          <p className={partStyles.muted}>It never fires again.</p>
        </div>
      ) : (
        <Table
          columns={[`In ${timing.zone ?? "UTC"}, the schedule's zone`, `In ${zone}`, "From now", "Note"]}
          isBare={true}
        >
          {next.map((fire) => (
            <tr key={fire.at}>
              <td data-label={`In ${timing.zone ?? "UTC"}`}>
                <code>{fire.local}</code>
              </td>
              <td data-label={`In ${zone}`}>
                <Moment at={fire.at} isBare={true} />
              </td>
              <td data-label="From now">
                <Ago at={fire.at} />
              </td>
              <td data-label="Note">
                {fire.isMoved ? (
                  <span className={styles.moved}>! moved: {movedWords(schedule)}</span>
                ) : (
                  <span className={partStyles.muted}>as asked</span>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

/** The last times as marks, the newest on the right, and the same as a list. */
function Fires({ fires }: { fires: readonly FireView[] }) {
  const zone = useZone();
  return (
    <Section title="Last times" about={fires.length === 0 ? undefined : plural(fires.length, "time")} isPadded={true}>
      {fires.length === 0 ? (
        <p className={partStyles.muted}>It has not fired yet.</p>
      ) : (
        <>
          <ol className={styles.dots} aria-label="Outcomes, oldest first">
            {fires.toReversed().map((fire) => {
              const { glyph, tone: hue } = fireShown[fire.outcome];
              const said = `${moment(fire.nominalAt, zone)}: ${fireWords(fire)}`;
              return (
                <li key={fire.nominalAt}>
                  {fire.run === null ? (
                    <span className={`${styles.dot} ${tone(hue)}`} title={said} role="img" aria-label={said}>
                      {glyph}
                    </span>
                  ) : (
                    <Link
                      className={`${styles.dot} ${tone(hue)}`}
                      to="/runs/$id"
                      params={{ id: fire.run }}
                      title={said}
                      aria-label={said}
                    >
                      <span aria-hidden="true">{glyph}</span>
                    </Link>
                  )}
                </li>
              );
            })}
          </ol>
          <details>
            <summary>As a list</summary>
            <ul className={styles.list}>
              {fires.map((fire) => (
                <li key={fire.nominalAt}>
                  <Moment at={fire.nominalAt} />
                  <span>
                    <Pill shown={fireShown[fire.outcome]} /> {fireWords(fire)}
                  </span>
                  {fire.run === null ? null : <RunLink id={fire.run} />}
                </li>
              ))}
            </ul>
          </details>
        </>
      )}
    </Section>
  );
}

const causes: Readonly<Record<FireGapView["cause"], string>> = {
  missed: "missed: nobody was there in time",
  paused: "passed while it was paused",
};

function Gaps({ gaps }: { gaps: readonly FireGapView[] }) {
  return (
    <Section title="Times that started nothing" isPadded={true}>
      {gaps.length === 0 ? (
        <p className={partStyles.muted}>None was missed.</p>
      ) : (
        <ul className={styles.list}>
          {gaps.map((gap) => (
            <li key={gap.from}>
              <span>
                {plural(gap.count, "time")} {causes[gap.cause]}
              </span>
              <span className={partStyles.muted}>
                <Moment at={gap.from} isBare={true} /> to <Moment at={gap.through} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
