import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Backfill, BackfillBody, BackfillItem, ScheduleDetail } from "@wire/schedule.ts";
import { useState } from "react";
import { ConfirmSheet } from "../../acts/confirm-sheet.tsx";
import { post } from "../../api/client.ts";
import { invalidate } from "../../api/queries.ts";
import { RunLink } from "../../parts/page.tsx";
import { partStyles } from "../../parts/parts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { fromWallClock, toWallClock } from "../../parts/time.ts";
import { count, plural } from "../../parts/words.ts";
import { announce } from "../../shell/announce.tsx";
import { Moment, serverNow, useZone } from "../../shell/clock.tsx";
import { overlapWords, timingWords } from "../schedules/words.ts";
import styles from "./schedule.module.css";

/** What may be asked of a schedule. */
export type ScheduleAct = "pause" | "resume" | "run-now" | "backfill";

interface SheetProps {
  readonly schedule: ScheduleDetail;
  readonly onClose: () => void;
}

/** Asks before the act. */
export function ScheduleSheet({ act, ...props }: SheetProps & { act: ScheduleAct }) {
  switch (act) {
    case "pause":
      return <PauseSheet {...props} />;
    case "resume":
      return <ResumeSheet {...props} />;
    case "run-now":
      return <RunNowSheet {...props} />;
    case "backfill":
      return <BackfillSheet {...props} />;
  }
}

function pathOf(id: string, act: ScheduleAct): string {
  return `/api/schedules/${encodeURIComponent(id)}/${act}`;
}

function changed(text: string): void {
  announce(text);
  invalidate("schedules", "home");
}

function PauseSheet({ schedule: { id, next }, onClose }: SheetProps) {
  return (
    <ConfirmSheet
      title={`Pause ${id}`}
      label="Pause"
      does="Its times pass without runs until somebody resumes it. Runs in flight go on."
      consequences={[
        { name: "First left out", value: next[0] === undefined ? "none is to come" : <Moment at={next[0].at} /> },
        { name: "Afterwards", value: "the times of the pause are not made up for; a backfill can" },
      ]}
      act={(reason) => post<ScheduleDetail>(pathOf(id, "pause"), { reason })}
      onDone={() => changed(`Paused ${id}`)}
      onClose={onClose}
    />
  );
}

function ResumeSheet({ schedule: { id, next, pausedBy, pausedWhy }, onClose }: SheetProps) {
  return (
    <ConfirmSheet
      title={`Resume ${id}`}
      label="Resume"
      does="It fires again from now on. The times of the pause are not made up for."
      consequences={[
        { name: "It was paused", value: `by ${pausedBy ?? "somebody"}: ${pausedWhy ?? "no reason was given"}` },
        { name: "Next", value: next[0] === undefined ? "none is to come" : <Moment at={next[0].at} /> },
      ]}
      act={(reason) => post<ScheduleDetail>(pathOf(id, "resume"), { reason })}
      onDone={() => changed(`Resumed ${id}`)}
      onClose={onClose}
    />
  );
}

function RunNowSheet({ schedule, onClose }: SheetProps) {
  const { id, workflow, overlap } = schedule;
  const navigate = useNavigate();
  return (
    <ConfirmSheet
      title={`Run ${id} now`}
      label="Run now"
      does={`Starts a run of ${workflow} at once, with the schedule's input for this moment.`}
      consequences={[
        { name: "Its own times", value: `stay as they are: ${timingWords(schedule)}` },
        {
          name: "While a run is not over",
          value: `this one starts all the same; at its own times ${overlapWords[overlap]}`,
        },
      ]}
      act={(reason) => post<RunDetail>(pathOf(id, "run-now"), { reason })}
      onDone={(run) => {
        changed(`Started ${workflow}`);
        invalidate("facets");
        void navigate({ to: "/runs/$id", params: { id: run.id } });
      }}
      onClose={onClose}
    />
  );
}

const dayMs = 86_400_000;

/** First the list of times without a run in the stretch that is asked for, then the runs. */
function BackfillSheet({ schedule: { id, workflow }, onClose }: SheetProps) {
  const zone = useZone();
  const [asked, setAsked] = useState(() => ({
    from: toWallClock(new Date(serverNow() - dayMs).toISOString(), zone),
    to: toWallClock(new Date(serverNow()).toISOString(), zone),
  }));
  const [from, to] = [fromWallClock(asked.from, zone), fromWallClock(asked.to, zone)];
  const problem =
    from === null || to === null ? "Both need a date and a time" : from >= to ? "It must begin before it ends" : null;
  const preview = useQuery({
    queryKey: ["preview", "backfill", id, from, to],
    queryFn: () =>
      post<Backfill>(pathOf(id, "backfill"), { from: from ?? "", to: to ?? "", dryRun: true } satisfies BackfillBody),
    enabled: problem === null,
    retry: false,
    staleTime: 0,
  });
  const starts = (preview.data?.items ?? []).filter(({ run, refusal }) => run === null && refusal === null).length;
  return (
    <ConfirmSheet
      title={`Backfill ${id}`}
      label={preview.data === undefined ? "Backfill" : `Start ${plural(starts, "run")}`}
      isWide={true}
      isReady={problem === null && starts > 0 && !preview.isFetching}
      does={`Starts the runs of ${workflow} for times of the past that have none. A time that has its run keeps it: doing this twice starts nothing twice.`}
      act={(reason) =>
        post<Backfill>(pathOf(id, "backfill"), { from: from ?? "", to: to ?? "", reason } satisfies BackfillBody)
      }
      onDone={({ items }) => {
        changed(`Started ${plural(items.filter(({ isNew }) => isNew).length, "run")} of ${id}`);
        invalidate("facets");
      }}
      onClose={onClose}
    >
      <div className={styles.window}>
        {(["from", "to"] as const).map((side) => (
          <label key={side} className={partStyles.field}>
            <span className={partStyles.label}>
              {side === "from" ? "From" : "Up to"}, in {zone}
            </span>
            <input
              className={partStyles.input}
              type="datetime-local"
              value={asked[side]}
              aria-invalid={problem !== null}
              onChange={(event) => setAsked({ ...asked, [side]: event.target.value })}
            />
          </label>
        ))}
      </div>
      {problem === null ? (
        <Loaded of={preview} rows={3}>
          {({ items }) => <Preview items={items} starts={starts} />}
        </Loaded>
      ) : (
        <p className={partStyles.wrong}>{problem}</p>
      )}
    </ConfirmSheet>
  );
}

/** So many times are listed; the count is exact. */
const listedMax = 200;

function Preview({ items, starts }: { items: readonly BackfillItem[]; starts: number }) {
  if (items.length === 0) return <p className={partStyles.muted}>No time of the schedule lies in this stretch.</p>;
  return (
    <>
      <p>
        <strong>
          {plural(items.length, "time")}, {plural(starts, "run")} to start
        </strong>
      </p>
      <section className={styles.items} tabIndex={0} aria-label="Times of this stretch">
        <table className={partStyles.table}>
          <thead>
            <tr>
              <th scope="col">Time, in the schedule's zone</th>
              <th scope="col">What happens</th>
            </tr>
          </thead>
          <tbody>
            {items.slice(0, listedMax).map((item) => (
              <tr key={item.nominalAt}>
                <td>
                  <code>{item.local}</code>
                </td>
                <td>
                  {item.refusal !== null ? (
                    <span className={partStyles.wrong}>✕ its input is refused: {item.refusal}</span>
                  ) : item.run === null ? (
                    "▶ starts a run"
                  ) : (
                    <>
                      = has its run <RunLink id={item.run} />
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {items.length > listedMax ? <p className={partStyles.muted}>and {count(items.length - listedMax)} more</p> : null}
    </>
  );
}
