import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { FiringGapView, FiringView, ScheduleDetail } from "@wire/schedule.ts";
import { useState } from "react";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader, Pill, toneClass } from "../../components/basics.tsx";
import { Breadcrumbs, Facts, Page, pageStyles, RunLink, Section } from "../../components/page.tsx";
import { Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { plural } from "../../components/text.ts";
import { formatDateTime, formatDuration } from "../../components/time.ts";
import { RelativeTime, Timestamp, useZone } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { firingBadges, firingText, movedText, overlapTexts, timingText } from "../schedules/text.ts";
import { msUntilNext } from "../schedules/until-next.ts";
import { type ScheduleAction, ScheduleActionDialog } from "./action-dialogs.tsx";
import styles from "./schedule.module.css";

/** One schedule: its next times in its own and the displayed time zone, and the outcome of past times. */
export function SchedulePage() {
  const { id } = useParams({ from: "/schedules/$id" });
  const schedule = useQuery({
    ...queries.schedule(id),
    refetchInterval: ({ state }) => (state.data === undefined ? false : msUntilNext([state.data])),
  });
  return (
    <Page>
      <Breadcrumbs>
        <Link to="/schedules">Schedules</Link>
      </Breadcrumbs>
      {schedule.data === undefined ? <PageHeader title={id} /> : null}
      <Loaded query={schedule}>{(data) => <Schedule schedule={data} />}</Loaded>
    </Page>
  );
}

function Schedule({ schedule }: { schedule: ScheduleDetail }) {
  const { id, workflow, isPaused, isLoaded } = schedule;
  const isReadOnly = useReadOnly();
  const [action, setAction] = useState<ScheduleAction | null>(null);
  return (
    <>
      <PageHeader title={id} about={timingText(schedule)}>
        {isReadOnly ? null : (
          <>
            <Button onClick={() => setAction(isPaused ? "resume" : "pause")}>{isPaused ? "Resume" : "Pause"}</Button>
            {isLoaded ? (
              <>
                <Button onClick={() => setAction("backfill")}>Backfill…</Button>
                <Button variant="primary" onClick={() => setAction("run-now")}>
                  Run now
                </Button>
              </>
            ) : null}
          </>
        )}
      </PageHeader>
      <Paused schedule={schedule} />
      {isLoaded ? null : (
        <p className={baseStyles.stale} role="status">
          ! The code of {workflow} is not loaded in this process. The schedule fires only if another process has it.
        </p>
      )}
      <About schedule={schedule} />
      <Next schedule={schedule} />
      <div className={pageStyles.columns}>
        <Firings fires={schedule.fires} />
        <Gaps gaps={schedule.gaps} />
      </div>
      {action === null ? null : (
        <ScheduleActionDialog key={action} schedule={schedule} action={action} onClose={() => setAction(null)} />
      )}
    </>
  );
}

function Paused({ schedule: { isPaused, pausedBy, pausedWhy, pausedAt } }: { schedule: ScheduleDetail }) {
  if (!isPaused) return null;
  return (
    <p className={baseStyles.stale} role="status">
      ‖ Paused by {pausedBy ?? "unknown"}
      {pausedAt === null ? null : (
        <>
          {" "}
          since <Timestamp at={pausedAt} />
        </>
      )}
      : {pausedWhy ?? "no reason given"}. No runs are started while it is paused.
    </p>
  );
}

function About({ schedule }: { schedule: ScheduleDetail }) {
  const { workflow, text, timing, overlap, catchUpMs, jitterMs, buffered, createdAt } = schedule;
  return (
    <Facts
      facts={[
        {
          name: "Workflow",
          value: (
            <Link to="/workflows/$name" params={{ name: workflow }}>
              {workflow}
            </Link>
          ),
        },
        { name: "Timing", value: <code>{text}</code> },
        { name: "Time zone", value: timing.zone },
        { name: "If the previous run is still active", value: overlapTexts[overlap] },
        { name: "Catch-up window", value: formatDuration(catchUpMs) },
        { name: "Jitter", value: jitterMs === 0 ? null : `up to ${formatDuration(jitterMs)}` },
        {
          name: "Nonexistent local time",
          value: timing.gap === undefined ? null : timing.gap === "skip" ? "skipped" : "runs at the next valid time",
        },
        { name: "Repeated local time", value: timing.repeated === undefined ? null : `runs ${timing.repeated}` },
        { name: "Waiting for the previous run", value: buffered === null ? null : <Timestamp at={buffered} /> },
        { name: "Created", value: <Timestamp at={createdAt} /> },
      ]}
    />
  );
}

function Next({ schedule }: { schedule: ScheduleDetail }) {
  const { next, timing, isPaused } = schedule;
  const zone = useZone();
  return (
    <Section title="Next times" about={isPaused ? "if it were not paused" : undefined}>
      {next.length === 0 ? (
        <div className={pageStyles.padded}>
          <p className={baseStyles.muted}>No more scheduled times.</p>
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
                <Timestamp at={fire.at} isZoneHidden={true} />
              </td>
              <td data-label="From now">
                <RelativeTime at={fire.at} />
              </td>
              <td data-label="Note">
                {fire.isMoved ? (
                  <span className={styles.moved}>! moved: {movedText(schedule)}</span>
                ) : (
                  <span className={baseStyles.muted}>as scheduled</span>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

/** Recent firings as marks, newest on the right, and as a list. */
function Firings({ fires }: { fires: readonly FiringView[] }) {
  const zone = useZone();
  return (
    <Section
      title="Recent firings"
      about={fires.length === 0 ? undefined : plural(fires.length, "firing")}
      isPadded={true}
    >
      {fires.length === 0 ? (
        <p className={baseStyles.muted}>No firings yet.</p>
      ) : (
        <>
          <ol className={styles.dots} aria-label="Outcomes, oldest first">
            {fires.toReversed().map((fire) => {
              const { glyph, tone: hue } = firingBadges[fire.outcome];
              const message = `${formatDateTime(fire.scheduledAt, zone)}: ${firingText(fire)}`;
              return (
                <li key={fire.scheduledAt}>
                  {fire.run === null ? (
                    <span className={`${styles.dot} ${toneClass(hue)}`} title={message} role="img" aria-label={message}>
                      {glyph}
                    </span>
                  ) : (
                    <Link
                      className={`${styles.dot} ${toneClass(hue)}`}
                      to="/runs/$id"
                      params={{ id: fire.run }}
                      title={message}
                      aria-label={message}
                    >
                      <span aria-hidden="true">{glyph}</span>
                    </Link>
                  )}
                </li>
              );
            })}
          </ol>
          <details>
            <summary>Show as list</summary>
            <ul className={styles.list}>
              {fires.map((fire) => (
                <li key={fire.scheduledAt}>
                  <Timestamp at={fire.scheduledAt} />
                  <span>
                    <Pill badge={firingBadges[fire.outcome]} /> {firingText(fire)}
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

const causeTexts: Readonly<Record<FiringGapView["cause"], string>> = {
  missed: "missed: no process fired it in time",
  paused: "skipped while paused",
};

function Gaps({ gaps }: { gaps: readonly FiringGapView[] }) {
  return (
    <Section title="Scheduled times without a run" isPadded={true}>
      {gaps.length === 0 ? (
        <p className={baseStyles.muted}>None</p>
      ) : (
        <ul className={styles.list}>
          {gaps.map((gap) => (
            <li key={gap.from}>
              <span>
                {plural(gap.count, "time")} {causeTexts[gap.cause]}
              </span>
              <span className={baseStyles.muted}>
                <Timestamp at={gap.from} isZoneHidden={true} /> to <Timestamp at={gap.through} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
