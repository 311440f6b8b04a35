import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ScheduleSummary } from "@wire/schedule.ts";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader, Pill } from "../../components/basics.tsx";
import { Page, Pager, pageStyles } from "../../components/page.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { RelativeTime, Timestamp } from "../../shell/clock.tsx";
import { firingBadges, firingText, timingText } from "./text.ts";
import { msUntilNext } from "./until-next.ts";

const pageMax = 50;

/** All schedules, with their next and last firing. */
export function SchedulesPage() {
  const { workflow, page = null } = useSearch({ from: "/schedules" });
  const navigate = useNavigate({ from: "/schedules" });
  const schedules = useQuery({
    ...queries.schedules({ workflow }, page, pageMax),
    refetchInterval: ({ state }) => msUntilNext(state.data?.items ?? []),
  });
  const names = useQuery(queries.definitions());
  const known = [...new Set((names.data?.items ?? []).map(({ name }) => name))].toSorted();
  return (
    <Page>
      <PageHeader title="Schedules" about="workflows started by time" />
      <search className={pageStyles.filter}>
        <label>
          Workflow
          <select
            className={baseStyles.input}
            value={workflow ?? ""}
            onChange={(event) => void navigate({ search: { workflow: event.target.value || undefined } })}
          >
            <option value="">All</option>
            {workflow === undefined || known.includes(workflow) ? null : <option value={workflow}>{workflow}</option>}
            {known.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </search>
      <Loaded query={schedules}>
        {({ items, nextPageToken }) => (
          <>
            {items.length > 0 ? (
              <Schedules schedules={items} />
            ) : workflow !== undefined ? (
              <Empty title={`${workflow} has no schedules`}>
                <p>
                  <Button onClick={() => void navigate({ search: {} })}>Show all</Button>
                </p>
              </Empty>
            ) : (
              <FirstSchedule />
            )}
            <Pager
              to="/schedules"
              search={{ workflow }}
              page={page}
              next={nextPageToken}
              what="schedules"
              words={["First", "Next"]}
            />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function FirstSchedule() {
  return (
    <Empty title="No schedules yet">
      <p>Declare a schedule in its workflow, next to the events that start it:</p>
      <pre>{`import { on, workflow } from "baton";

export const report = workflow(
  { name: "report", on: on.schedule({ name: "nightly", cron: "30 2 * * *", zone: "Europe/Berlin" }) },
  (ctx) => ctx.step("write", () => "done"),
);`}</pre>
    </Empty>
  );
}

function Schedules({ schedules }: { schedules: readonly ScheduleSummary[] }) {
  return (
    <Table
      caption="Schedules with their next and last firing"
      columns={["Schedule", "When", "Zone", "Next", "Last", "State"]}
    >
      {schedules.map((schedule) => (
        <Row key={schedule.id} schedule={schedule} />
      ))}
    </Table>
  );
}

function Row({ schedule }: { schedule: ScheduleSummary }) {
  const { id, timing, text, next, lastFire, isPaused, pausedBy, pausedWhy, isLoaded } = schedule;
  const [first] = next;
  return (
    <tr>
      <th scope="row">
        <Link to="/schedules/$id" params={{ id }}>
          {id}
        </Link>
      </th>
      <td data-label="When">
        <span title={text}>{timingText(schedule)}</span>
      </td>
      <td data-label="Zone">{timing.zone ?? "–"}</td>
      <td data-label="Next">
        {first === undefined ? (
          <span className={baseStyles.muted}>none</span>
        ) : (
          <span className={pageStyles.nowrap}>
            {isPaused ? <span className={baseStyles.muted}>if resumed </span> : null}
            <RelativeTime at={first.at} /> <span className={baseStyles.muted}>{first.local.slice(0, 16)}</span>
          </span>
        )}
      </td>
      <td data-label="Last">
        {lastFire === null ? (
          <span className={baseStyles.muted}>none yet</span>
        ) : (
          <span className={pageStyles.nowrap}>
            <span title={firingText(lastFire)}>
              <Pill badge={firingBadges[lastFire.outcome]} />
            </span>{" "}
            <RelativeTime at={lastFire.scheduledAt} />
          </span>
        )}
      </td>
      <td data-label="State">
        {isPaused ? (
          <span>
            ‖ paused by {pausedBy ?? "unknown"}
            {pausedWhy === null ? "" : `: ${pausedWhy}`}
            {schedule.pausedAt === null ? null : (
              <span className={baseStyles.muted}>
                {" "}
                since <Timestamp at={schedule.pausedAt} isZoneHidden={true} />
              </span>
            )}
          </span>
        ) : isLoaded ? (
          "✓ active"
        ) : (
          <span className={baseStyles.wrong}>! code not loaded in this process</span>
        )}
      </td>
    </tr>
  );
}
