import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { DefinitionProblem, Definitions } from "@wire/definition.ts";
import type { ScheduleSummary } from "@wire/schedule.ts";
import { useMemo, useState } from "react";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader } from "../../components/basics.tsx";
import { Page, pageStyles } from "../../components/page.tsx";
import { addCounts, countInFlight, RunCounts } from "../../components/run-counts.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { escapeControls, formatNumber, plural } from "../../components/text.ts";
import { serverNow } from "../../shell/clock.tsx";
import { timingText } from "../schedules/text.ts";
import { groupByName, type Success, shareText, successOf, type Workflow } from "./group.ts";

const hourMs = 3_600_000;
/** Maximum number of rendered rows; the filter finds the others. */
const rowsMax = 200;

/** All workflows with their versions, triggers and runs in flight. */
export function WorkflowsPage() {
  const { q = "" } = useSearch({ from: "/workflows" });
  const navigate = useNavigate({ from: "/workflows" });
  const definitions = useQuery(queries.definitions());
  const [from] = useState(() => new Date(Math.floor(serverNow() / hourMs) * hourMs - 23 * hourMs).toISOString());
  const hours = useQuery(queries.hours({ from }));
  const schedules = useQuery(queries.schedules({}, null));
  const success = useMemo(() => successOf(hours.data ?? []), [hours.data]);
  const all = useMemo(() => groupByName(definitions.data?.items ?? []), [definitions.data]);
  const query = q.trim().toLowerCase();
  const found = all.filter(({ name, triggers }) =>
    [name, ...triggers].some((text) => text.toLowerCase().includes(query)),
  );
  return (
    <Page>
      <PageHeader
        title="Workflows"
        about={
          definitions.data === undefined ? undefined : `${formatNumber(all.length)} from ${definitions.data.loadedFrom}`
        }
      />
      <Loaded query={definitions}>
        {(data) => (
          <>
            <Problems problems={data.problems} />
            {all.length === 0 ? (
              <FirstWorkflow definitions={data} />
            ) : (
              <>
                <search className={pageStyles.filter}>
                  <label>
                    Name or event
                    <input
                      className={baseStyles.input}
                      data-filter={true}
                      type="search"
                      value={q}
                      onChange={(event) =>
                        void navigate({ search: { q: event.target.value || undefined }, replace: true })
                      }
                    />
                  </label>
                </search>
                {found.length === 0 ? (
                  <Empty title={`0 of ${plural(all.length, "workflow")} match “${q}”`}>
                    <p>
                      <Button onClick={() => void navigate({ search: {}, replace: true })}>Show all</Button>
                    </p>
                  </Empty>
                ) : (
                  <Workflows
                    workflows={found.slice(0, rowsMax)}
                    success={success}
                    schedules={schedules.data?.items ?? []}
                  />
                )}
                {found.length > rowsMax ? (
                  <p className={baseStyles.muted}>
                    Showing the first {rowsMax} of {formatNumber(found.length)}. Filter by name to find the others.
                  </p>
                ) : null}
              </>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** Files that could not be loaded; they are skipped or stay at their last valid version. */
function Problems({ problems }: { problems: readonly DefinitionProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <section className={pageStyles.problems} role="alert" aria-label="Files that could not be loaded">
      <h2>{plural(problems.length, "file")} could not be loaded; the others are active</h2>
      <ul>
        {problems.map(({ file, line, message }) => (
          <li key={`${file} ${message}`}>
            <code>
              {file}
              {line === null ? "" : `:${line}`}
            </code>
            <pre>{escapeControls(message)}</pre>
          </li>
        ))}
      </ul>
    </section>
  );
}

function FirstWorkflow({ definitions }: { definitions: Definitions }) {
  return (
    <Empty title="No workflows yet">
      <p>
        Create a file in <code>{definitions.loadedFrom}</code>. Baton loads it when you save it:
      </p>
      <pre>{`import { workflow } from "baton";

export const hello = workflow({ name: "hello" }, async (ctx, input: { name: string }) => {
  return ctx.step("greet", () => \`Hello \${input.name}\`);
});`}</pre>
    </Empty>
  );
}

function Workflows({
  workflows,
  success,
  schedules,
}: {
  workflows: readonly Workflow[];
  success: ReadonlyMap<string, Success>;
  schedules: readonly ScheduleSummary[];
}) {
  const byName = Map.groupBy(schedules, ({ workflow }) => workflow);
  return (
    <Table
      caption="Workflows with their runs in flight"
      columns={[
        "Workflow",
        "Version",
        "Started by",
        "In flight",
        "Versions with runs",
        { name: "Completed, 24 h", isNumber: true },
      ]}
    >
      {workflows.map((workflow) => (
        <Row
          key={workflow.name}
          workflow={workflow}
          success={success.get(workflow.name)}
          schedules={byName.get(workflow.name) ?? []}
        />
      ))}
    </Table>
  );
}

function Row({
  workflow: { name, versions, used, triggers },
  success,
  schedules,
}: {
  workflow: Workflow;
  success: Success | undefined;
  schedules: readonly ScheduleSummary[];
}) {
  const unloadable = versions.filter((version) => version.unloadable !== null && countInFlight(version.runs) > 0);
  return (
    <tr>
      <th scope="row">
        <Link to="/workflows/$name" params={{ name }}>
          {name}
        </Link>
      </th>
      <td data-label="Version">
        <span>
          {used === null ? <span className={baseStyles.wrong}>all drained</span> : `v${used.version}`}
          {unloadable.map((version) => (
            <span key={version.version} className={baseStyles.wrong} title={version.unloadable ?? undefined}>
              {" "}
              · ✕ v{version.version} cannot be loaded
            </span>
          ))}
        </span>
      </td>
      <td data-label="Started by">
        <StartedBy triggers={triggers} schedules={schedules} />
      </td>
      <td data-label="In flight">
        <RunCounts name={name} runs={addCounts(versions.map((version) => version.runs))} only="in-flight" />
      </td>
      <td data-label="Versions with runs">
        <VersionsInFlight versions={versions} />
      </td>
      <td data-label="Completed, 24 h" data-number={true}>
        {success === undefined ? (
          <span className={baseStyles.muted}>none ended</span>
        ) : (
          <span>
            {shareText(success)} <span className={baseStyles.muted}>of {formatNumber(success.ended)}</span>
          </span>
        )}
      </td>
    </tr>
  );
}

function StartedBy({ triggers, schedules }: { triggers: readonly string[]; schedules: readonly ScheduleSummary[] }) {
  if (triggers.length + schedules.length === 0) return <span className={baseStyles.muted}>manual or API starts</span>;
  return (
    <span>
      {triggers.map((trigger, i) => (
        <span key={trigger}>
          {i === 0 ? "" : ", "}event{" "}
          <Link to="/events" search={{ name: trigger }}>
            {trigger}
          </Link>
        </span>
      ))}
      {schedules.map((schedule, i) => (
        <span key={schedule.id}>
          {i + triggers.length === 0 ? "" : ", "}
          <Link to="/schedules/$id" params={{ id: schedule.id }}>
            {timingText(schedule)}
          </Link>
          {schedule.isPaused ? " (paused)" : ""}
        </span>
      ))}
    </span>
  );
}

function VersionsInFlight({ versions }: { versions: Workflow["versions"] }) {
  const live = versions.filter((version) => countInFlight(version.runs) > 0);
  if (live.length === 0) return <span className={baseStyles.muted}>none</span>;
  return <span>{live.map(({ version, runs }) => `v${version}: ${formatNumber(countInFlight(runs))}`).join(", ")}</span>;
}
