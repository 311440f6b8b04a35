import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { DefinitionProblem, Definitions } from "@wire/definition.ts";
import type { ScheduleSummary } from "@wire/schedule.ts";
import { useMemo, useState } from "react";
import { reads } from "../../api/queries.ts";
import { Page, pageStyles } from "../../parts/page.tsx";
import { Button, Head, partStyles } from "../../parts/parts.tsx";
import { addCounts, inFlight, RunCounts } from "../../parts/run-counts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { count, plain, plural } from "../../parts/words.ts";
import { serverNow } from "../../shell/clock.tsx";
import { timingWords } from "../schedules/words.ts";
import { groupByName, type Success, shareText, successOf, type Workflow } from "./group.ts";

const hourMs = 3_600_000;
/** Of a table that nobody reads to its end only the beginning is drawn; words find the rest. */
const rowsMax = 200;

/** Every process that is known here: is it healthy, and what of it is under way? */
export function WorkflowsPage() {
  const { q = "" } = useSearch({ from: "/workflows" });
  const navigate = useNavigate({ from: "/workflows" });
  const definitions = useQuery(reads.definitions());
  const [from] = useState(() => new Date(Math.floor(serverNow() / hourMs) * hourMs - 23 * hourMs).toISOString());
  const hours = useQuery(reads.hours({ from }));
  const schedules = useQuery(reads.schedules({}, null));
  const success = useMemo(() => successOf(hours.data ?? []), [hours.data]);
  const all = useMemo(() => groupByName(definitions.data?.items ?? []), [definitions.data]);
  const asked = q.trim().toLowerCase();
  const found = all.filter(({ name, triggers }) =>
    [name, ...triggers].some((text) => text.toLowerCase().includes(asked)),
  );
  return (
    <Page>
      <Head
        title="Workflows"
        about={definitions.data === undefined ? undefined : `${count(all.length)} from ${definitions.data.loadedFrom}`}
      />
      <Loaded of={definitions}>
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
                      className={partStyles.input}
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
                  <Empty title={`None of ${plural(all.length, "workflow")} has “${q}” in its name or its events`}>
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
                  <p className={partStyles.muted}>
                    The first {rowsMax} of {count(found.length)}: a word of its name finds the others.
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

/** Files that were left out, or stand at their last good version. */
function Problems({ problems }: { problems: readonly DefinitionProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <section className={pageStyles.problems} role="alert" aria-label="Files that could not be loaded">
      <h2>{plural(problems.length, "file")} could not be loaded; the others run</h2>
      <ul>
        {problems.map(({ file, line, message }) => (
          <li key={`${file} ${message}`}>
            <code>
              {file}
              {line === null ? "" : `:${line}`}
            </code>
            <pre>{plain(message)}</pre>
          </li>
        ))}
      </ul>
    </section>
  );
}

function FirstWorkflow({ definitions }: { definitions: Definitions }) {
  return (
    <Empty title="No workflow yet">
      <p>
        Write one into a file of <code>{definitions.loadedFrom}</code>; Baton loads it as soon as it is saved:
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
  const unloadable = versions.filter((version) => version.unloadable !== null && inFlight(version.runs) > 0);
  return (
    <tr>
      <th scope="row">
        <Link to="/workflows/$name" params={{ name }}>
          {name}
        </Link>
      </th>
      <td data-label="Version">
        <span>
          {used === null ? <span className={partStyles.wrong}>all drained</span> : `v${used.version}`}
          {unloadable.map((version) => (
            <span key={version.version} className={partStyles.wrong} title={version.unloadable ?? undefined}>
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
          <span className={partStyles.muted}>none ended</span>
        ) : (
          <span>
            {shareText(success)} <span className={partStyles.muted}>of {count(success.ended)}</span>
          </span>
        )}
      </td>
    </tr>
  );
}

function StartedBy({ triggers, schedules }: { triggers: readonly string[]; schedules: readonly ScheduleSummary[] }) {
  if (triggers.length + schedules.length === 0) return <span className={partStyles.muted}>people and programs</span>;
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
            {timingWords(schedule)}
          </Link>
          {schedule.isPaused ? " (paused)" : ""}
        </span>
      ))}
    </span>
  );
}

function VersionsInFlight({ versions }: { versions: Workflow["versions"] }) {
  const live = versions.filter((version) => inFlight(version.runs) > 0);
  if (live.length === 0) return <span className={partStyles.muted}>none</span>;
  return <span>{live.map(({ version, runs }) => `v${version}: ${count(inFlight(runs))}`).join(", ")}</span>;
}
