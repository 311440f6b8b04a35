import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import type { DeadLetterGroup } from "@wire/dead-letter.ts";
import type { RunSummary } from "@wire/run.ts";
import { useState } from "react";
import { BulkDialog, type BulkRequest } from "../../actions/bulk-dialog.tsx";
import { pathOf } from "../../api/client.ts";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader } from "../../components/basics.tsx";
import { Breadcrumbs, Card, Facts, Page, Pager, pageStyles, RunLink } from "../../components/page.tsx";
import { Spark, SparkTable, sparkText } from "../../components/spark.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { escapeControls, firstLine, formatNumber, plural } from "../../components/text.ts";
import { RelativeTime, Timestamp } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { groupRequest } from "../dead-letters/group-request.ts";

/** One cause of dead letters: the error, its runs, and actions on all of them. */
export function ErrorGroupPage() {
  const { fingerprint } = useParams({ from: "/errors/$fingerprint" });
  const { page = null } = useSearch({ from: "/errors/$fingerprint" });
  const groups = useQuery(queries.groups());
  const members = useQuery(queries.group(fingerprint, page));
  return (
    <Page>
      <Breadcrumbs>
        <Link to="/dead-letters">Dead letters</Link>
      </Breadcrumbs>
      {members.data === undefined && <PageHeader title="Cause" />}
      <Loaded query={members}>
        {({ items, nextPageToken }) => {
          const first = items[0];
          const group =
            groups.data?.items.find((each) => each.fingerprint === fingerprint) ??
            (first === undefined ? undefined : groupOf(fingerprint, first));
          if (group === undefined || (first === undefined && page === null))
            return <NoRuns fingerprint={fingerprint} />;
          return (
            <>
              <Cause group={group} />
              <GroupRuns runs={items} />
              <Pager to="/errors/$fingerprint" params={{ fingerprint }} page={page} next={nextPageToken} what="runs" />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

/** The group of a cause that is not among the largest, built from its newest run. */
function groupOf(fingerprint: string, run: RunSummary): DeadLetterGroup {
  const at = run.endedAt ?? run.createdAt;
  return {
    fingerprint,
    name: run.name,
    step: run.error?.step ?? null,
    message: run.error?.message ?? run.reasonText ?? "failed",
    count: 0,
    firstAt: at,
    lastAt: at,
    sample: run.id,
    versions: [run.version],
    hours: [],
  };
}

function Cause({ group }: { group: DeadLetterGroup }) {
  const { fingerprint, name, step, message, firstAt, lastAt, sample, versions, hours } = group;
  const facets = useQuery({ ...queries.facets({ fingerprint }), enabled: group.count === 0 });
  const total = group.count || (facets.data?.items.find(({ status }) => status === "failed")?.count ?? 0);
  const isReadOnly = useReadOnly();
  const [request, setRequest] = useState<BulkRequest | null>(null);
  const ask = (verb: "redrive" | "dismiss"): void => {
    if (!isReadOnly) setRequest(groupRequest(verb, { fingerprint, count: total }));
  };
  useShortcuts([{ keys: "r", label: "Redrive the runs with this cause", run: () => ask("redrive") }]);
  const file = (format: "csv" | "ndjson") => (
    <a className={baseStyles.button} href={pathOf("/api/runs/export", { fingerprint, format })} download={true}>
      {format === "csv" ? "CSV" : "NDJSON"}
    </a>
  );
  return (
    <>
      <PageHeader title={firstLine(message)}>
        {file("csv")}
        {file("ndjson")}
        {isReadOnly ? null : (
          <>
            <Button variant="danger" onClick={() => ask("dismiss")}>
              Dismiss…
            </Button>
            <Button variant="primary" hint="r" onClick={() => ask("redrive")}>
              Redrive {plural(total, "run")}…
            </Button>
          </>
        )}
      </PageHeader>
      <Card label="Error">
        <Facts
          facts={[
            {
              name: "Workflow",
              value: (
                <>
                  <Link to="/workflows/$name" params={{ name }}>
                    {name}
                  </Link>{" "}
                  {versions.map((version) => `v${version}`).join(", ")}
                </>
              ),
            },
            { name: "Step", value: step },
            {
              name: "Runs",
              value: (
                <Link to="/runs" search={{ q: `fingerprint:${fingerprint}` }}>
                  {formatNumber(total)}
                </Link>
              ),
            },
            { name: "First seen", value: <Timestamp at={firstAt} /> },
            { name: "Last seen", value: <RelativeTime at={lastAt} /> },
          ]}
        />
        {message.includes("\n") ? <pre className={baseStyles.message}>{escapeControls(message)}</pre> : null}
        {hours.length === 0 ? null : (
          <div>
            <div className={pageStyles.line}>
              <Spark hours={hours} />
              <span className={baseStyles.muted}>{sparkText(hours)}</span>
            </div>
            <SparkTable hours={hours} />
          </div>
        )}
        <p>
          <RunLink id={sample}>Newest run</RunLink> ·{" "}
          <Link to="/compare" search={{ a: sample }}>
            compare it with the last completed run
          </Link>
        </p>
      </Card>
      {request === null ? null : <BulkDialog request={request} onClose={() => setRequest(null)} />}
    </>
  );
}

function GroupRuns({ runs }: { runs: readonly RunSummary[] }) {
  if (runs.length === 0) return <Empty title="No older runs">The runs on this page are no longer dead letters.</Empty>;
  return (
    <Table
      caption="Runs with this cause, newest first"
      columns={["Run", "Key", "Version", "Message", "Failed", "Started", "Compare"]}
    >
      {runs.map((run) => (
        <tr key={run.id}>
          <th scope="row" data-label="Run">
            <RunLink id={run.id} />
          </th>
          <td data-label="Key">
            {run.key === null ? (
              <span className={baseStyles.muted}>none</span>
            ) : (
              <Link to="/k/$key" params={{ key: run.key }}>
                {run.key}
              </Link>
            )}
          </td>
          <td data-label="Version">v{run.version}</td>
          <td data-label="Message">{firstLine(run.error?.message ?? run.reasonText ?? "")}</td>
          <td data-label="Failed">{run.endedAt === null ? "" : <RelativeTime at={run.endedAt} />}</td>
          <td data-label="Started">
            <RelativeTime at={run.createdAt} />
          </td>
          <td data-label="Compare">
            <Link to="/compare" search={{ a: run.id }} aria-label={`Compare ${run.key ?? run.id}`}>
              Compare
            </Link>
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Shown when no dead letter has this cause any more. */
function NoRuns({ fingerprint }: { fingerprint: string }) {
  return (
    <>
      <PageHeader title="Cause" />
      <Empty title="No dead letters with this cause">
        <p>
          Its runs were redriven, dismissed or removed by retention, or <code>{fingerprint}</code> is not the
          fingerprint of a cause.
        </p>
        <p>
          <Link to="/dead-letters">Other dead letters</Link> · <Link to="/bulk">bulk operations</Link> ·{" "}
          <Link to="/runs">all runs</Link>
        </p>
      </Empty>
    </>
  );
}
