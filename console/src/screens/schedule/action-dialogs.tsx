import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Backfill, BackfillBody, BackfillItem, ScheduleDetail } from "@wire/schedule.ts";
import { useState } from "react";
import { ConfirmDialog } from "../../actions/confirm-dialog.tsx";
import { post } from "../../api/client.ts";
import { invalidate } from "../../api/queries.ts";
import { baseStyles } from "../../components/basics.tsx";
import { RunLink } from "../../components/page.tsx";
import { Loaded } from "../../components/states.tsx";
import { formatNumber, plural } from "../../components/text.ts";
import { fromWallClock, toWallClock } from "../../components/time.ts";
import { announce } from "../../shell/announce.tsx";
import { serverNow, Timestamp, useZone } from "../../shell/clock.tsx";
import { overlapTexts, timingText } from "../schedules/text.ts";
import styles from "./schedule.module.css";

/** Actions on a schedule. */
export type ScheduleAction = "pause" | "resume" | "run-now" | "backfill";

interface DialogProps {
  readonly schedule: ScheduleDetail;
  readonly onClose: () => void;
}

/** Confirms an action on a schedule. */
export function ScheduleActionDialog({ action, ...props }: DialogProps & { action: ScheduleAction }) {
  switch (action) {
    case "pause":
      return <PauseDialog {...props} />;
    case "resume":
      return <ResumeDialog {...props} />;
    case "run-now":
      return <RunNowDialog {...props} />;
    case "backfill":
      return <BackfillDialog {...props} />;
  }
}

function pathOf(id: string, action: ScheduleAction): string {
  return `/api/schedules/${encodeURIComponent(id)}/${action}`;
}

function announceChange(text: string): void {
  announce(text);
  invalidate("schedules", "home");
}

function PauseDialog({ schedule: { id, next }, onClose }: DialogProps) {
  return (
    <ConfirmDialog
      title={`Pause ${id}`}
      label="Pause"
      description="No runs are started until someone resumes it. Runs in flight continue."
      consequences={[
        { name: "First skipped", value: next[0] === undefined ? "none" : <Timestamp at={next[0].at} /> },
        { name: "After the pause", value: "skipped times are not caught up; use a backfill" },
      ]}
      onConfirm={(reason) => post<ScheduleDetail>(pathOf(id, "pause"), { reason })}
      onDone={() => announceChange(`Paused ${id}`)}
      onClose={onClose}
    />
  );
}

function ResumeDialog({ schedule: { id, next, pausedBy, pausedWhy }, onClose }: DialogProps) {
  return (
    <ConfirmDialog
      title={`Resume ${id}`}
      label="Resume"
      description="It fires again from now on. Times skipped during the pause are not caught up."
      consequences={[
        { name: "Paused", value: `by ${pausedBy ?? "unknown"}: ${pausedWhy ?? "no reason given"}` },
        { name: "Next", value: next[0] === undefined ? "none" : <Timestamp at={next[0].at} /> },
      ]}
      onConfirm={(reason) => post<ScheduleDetail>(pathOf(id, "resume"), { reason })}
      onDone={() => announceChange(`Resumed ${id}`)}
      onClose={onClose}
    />
  );
}

function RunNowDialog({ schedule, onClose }: DialogProps) {
  const { id, workflow, overlap } = schedule;
  const navigate = useNavigate();
  return (
    <ConfirmDialog
      title={`Run ${id} now`}
      label="Run now"
      description={`Starts a run of ${workflow} now, with the schedule's input for the current time.`}
      consequences={[
        { name: "Schedule", value: `unchanged: ${timingText(schedule)}` },
        {
          name: "If a run is still active",
          value: `this run starts anyway; at scheduled times, ${overlapTexts[overlap]}`,
        },
      ]}
      onConfirm={(reason) => post<RunDetail>(pathOf(id, "run-now"), { reason })}
      onDone={(run) => {
        announceChange(`Started ${workflow}`);
        invalidate("facets");
        void navigate({ to: "/runs/$id", params: { id: run.id } });
      }}
      onClose={onClose}
    />
  );
}

const dayMs = 86_400_000;

/** Confirms a backfill: previews the scheduled times in a range, then starts runs for those without one. */
function BackfillDialog({ schedule: { id, workflow }, onClose }: DialogProps) {
  const zone = useZone();
  const [range, setRange] = useState(() => ({
    from: toWallClock(new Date(serverNow() - dayMs).toISOString(), zone),
    to: toWallClock(new Date(serverNow()).toISOString(), zone),
  }));
  const [from, to] = [fromWallClock(range.from, zone), fromWallClock(range.to, zone)];
  const problem =
    from === null || to === null
      ? "Enter a date and time in both fields"
      : from >= to
        ? "The start must be before the end"
        : null;
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
    <ConfirmDialog
      title={`Backfill ${id}`}
      label={preview.data === undefined ? "Backfill" : `Start ${plural(starts, "run")}`}
      isWide={true}
      isReady={problem === null && starts > 0 && !preview.isFetching}
      description={`Starts runs of ${workflow} for past scheduled times that have none. Times that already have a run are skipped, so a backfill can be repeated safely.`}
      onConfirm={(reason) =>
        post<Backfill>(pathOf(id, "backfill"), { from: from ?? "", to: to ?? "", reason } satisfies BackfillBody)
      }
      onDone={({ items }) => {
        announceChange(`Started ${plural(items.filter(({ isNew }) => isNew).length, "run")} of ${id}`);
        invalidate("facets");
      }}
      onClose={onClose}
    >
      <div className={styles.window}>
        {(["from", "to"] as const).map((side) => (
          <label key={side} className={baseStyles.field}>
            <span className={baseStyles.label}>
              {side === "from" ? "From" : "To"}, in {zone}
            </span>
            <input
              className={baseStyles.input}
              type="datetime-local"
              value={range[side]}
              aria-invalid={problem !== null}
              onChange={(event) => setRange({ ...range, [side]: event.target.value })}
            />
          </label>
        ))}
      </div>
      {problem === null ? (
        <Loaded query={preview} rows={3}>
          {({ items }) => <Preview items={items} starts={starts} />}
        </Loaded>
      ) : (
        <p className={baseStyles.wrong}>{problem}</p>
      )}
    </ConfirmDialog>
  );
}

/** Maximum number of listed times; the count is exact. */
const listedMax = 200;

function Preview({ items, starts }: { items: readonly BackfillItem[]; starts: number }) {
  if (items.length === 0) return <p className={baseStyles.muted}>No scheduled times in this range.</p>;
  return (
    <>
      <p>
        <strong>
          {plural(items.length, "scheduled time")}, {plural(starts, "run")} to start
        </strong>
      </p>
      <section className={styles.items} tabIndex={0} aria-label="Scheduled times in this range">
        <table className={baseStyles.table}>
          <thead>
            <tr>
              <th scope="col">Scheduled time, in the schedule's zone</th>
              <th scope="col">Result</th>
            </tr>
          </thead>
          <tbody>
            {items.slice(0, listedMax).map((item) => (
              <tr key={item.scheduledAt}>
                <td>
                  <code>{item.local}</code>
                </td>
                <td>
                  {item.refusal !== null ? (
                    <span className={baseStyles.wrong}>✕ input refused: {item.refusal}</span>
                  ) : item.run === null ? (
                    "▶ starts a run"
                  ) : (
                    <>
                      = already has run <RunLink id={item.run} />
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {items.length > listedMax ? (
        <p className={baseStyles.muted}>and {formatNumber(items.length - listedMax)} more</p>
      ) : null}
    </>
  );
}
