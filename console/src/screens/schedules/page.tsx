import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ScheduleSummary } from "@wire/schedule.ts";
import { reads } from "../../api/queries.ts";
import { Page, Pager, pageStyles } from "../../parts/page.tsx";
import { Button, Head, Pill, partStyles } from "../../parts/parts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { Ago, Moment } from "../../shell/clock.tsx";
import { untilNext } from "./until-next.ts";
import { fireShown, fireWords, timingWords } from "./words.ts";

const pageMax = 50;

/** What will start by the clock, when, and what became of the last time. */
export function SchedulesPage() {
  const { workflow, page = null } = useSearch({ from: "/schedules" });
  const navigate = useNavigate({ from: "/schedules" });
  const schedules = useQuery({
    ...reads.schedules({ workflow }, page, pageMax),
    refetchInterval: ({ state }) => untilNext(state.data?.items ?? []),
  });
  const names = useQuery(reads.definitions());
  const known = [...new Set((names.data?.items ?? []).map(({ name }) => name))].toSorted();
  return (
    <Page>
      <Head title="Schedules" about="what starts by the clock" />
      <search className={pageStyles.filter}>
        <label>
          Workflow
          <select
            className={partStyles.input}
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
      <Loaded of={schedules}>
        {({ items, nextPageToken }) => (
          <>
            {items.length > 0 ? (
              <Schedules schedules={items} />
            ) : workflow !== undefined ? (
              <Empty title={`${workflow} has no schedule`}>
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
    <Empty title="No schedule yet">
      <p>A schedule stands in its workflow, beside the events that start it:</p>
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
      caption="Schedules with their next time and their last one"
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
        <span title={text}>{timingWords(schedule)}</span>
      </td>
      <td data-label="Zone">{timing.zone ?? "–"}</td>
      <td data-label="Next">
        {first === undefined ? (
          <span className={partStyles.muted}>never again</span>
        ) : (
          <span className={pageStyles.nowrap}>
            {isPaused ? <span className={partStyles.muted}>would be </span> : null}
            <Ago at={first.at} /> <span className={partStyles.muted}>{first.local.slice(0, 16)}</span>
          </span>
        )}
      </td>
      <td data-label="Last">
        {lastFire === null ? (
          <span className={partStyles.muted}>none yet</span>
        ) : (
          <span className={pageStyles.nowrap}>
            <span title={fireWords(lastFire)}>
              <Pill shown={fireShown[lastFire.outcome]} />
            </span>{" "}
            <Ago at={lastFire.nominalAt} />
          </span>
        )}
      </td>
      <td data-label="State">
        {isPaused ? (
          <span>
            ‖ paused by {pausedBy ?? "somebody"}
            {pausedWhy === null ? "" : `: ${pausedWhy}`}
            {schedule.pausedAt === null ? null : (
              <span className={partStyles.muted}>
                {" "}
                since <Moment at={schedule.pausedAt} isBare={true} />
              </span>
            )}
          </span>
        ) : isLoaded ? (
          "✓ on"
        ) : (
          <span className={partStyles.wrong}>! its code is not loaded here</span>
        )}
      </td>
    </tr>
  );
}
