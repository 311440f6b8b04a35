import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import type { DeadLetterGroup } from "@wire/dead-letter.ts";
import type { RunSummary } from "@wire/run.ts";
import { useState } from "react";
import { type BulkAsked, BulkSheet } from "../../acts/bulk-sheet.tsx";
import { pathOf } from "../../api/client.ts";
import { reads } from "../../api/queries.ts";
import { Card, Crumbs, Facts, Page, Pager, pageStyles, RunLink } from "../../parts/page.tsx";
import { Button, Head, partStyles } from "../../parts/parts.tsx";
import { Spark, SparkTable, sparkWords } from "../../parts/spark.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { count, firstLine, plain, plural } from "../../parts/words.ts";
import { Ago, Moment } from "../../shell/clock.tsx";
import { useKeys } from "../../shell/keys.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { askedOf } from "../dead-letters/asked.ts";

/** One cause: what it is, since when, whom it has hit, and what to do about all of them. */
export function ErrorGroupPage() {
  const { fingerprint } = useParams({ from: "/errors/$fingerprint" });
  const { page = null } = useSearch({ from: "/errors/$fingerprint" });
  const groups = useQuery(reads.groups());
  const members = useQuery(reads.group(fingerprint, page));
  return (
    <Page>
      <Crumbs>
        <Link to="/dead-letters">Dead letters</Link>
      </Crumbs>
      {members.data === undefined && <Head title="Cause" />}
      <Loaded of={members}>
        {({ items, nextPageToken }) => {
          const first = items[0];
          const group =
            groups.data?.items.find((each) => each.fingerprint === fingerprint) ??
            (first === undefined ? undefined : groupOf(fingerprint, first));
          if (group === undefined || (first === undefined && page === null)) return <Over fingerprint={fingerprint} />;
          return (
            <>
              <Cause group={group} />
              <Members runs={items} />
              <Pager to="/errors/$fingerprint" params={{ fingerprint }} page={page} next={nextPageToken} what="runs" />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

/** Of a cause that is not among the largest: what its newest run tells; the rest is counted. */
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
  const facets = useQuery({ ...reads.facets({ fingerprint }), enabled: group.count === 0 });
  const total = group.count || (facets.data?.items.find(({ status }) => status === "failed")?.count ?? 0);
  const isReadOnly = useReadOnly();
  const [asked, setAsked] = useState<BulkAsked | null>(null);
  const ask = (verb: "redrive" | "dismiss"): void => {
    if (!isReadOnly) setAsked(askedOf(verb, { fingerprint, count: total }));
  };
  useKeys([{ keys: "r", label: "Redrive the runs of the cause", run: () => ask("redrive") }]);
  const file = (format: "csv" | "ndjson") => (
    <a className={partStyles.button} href={pathOf("/api/runs/export", { fingerprint, format })} download={true}>
      {format === "csv" ? "CSV" : "NDJSON"}
    </a>
  );
  return (
    <>
      <Head title={firstLine(message)}>
        {file("csv")}
        {file("ndjson")}
        {isReadOnly ? null : (
          <>
            <Button look="danger" onClick={() => ask("dismiss")}>
              Dismiss…
            </Button>
            <Button look="primary" hint="r" onClick={() => ask("redrive")}>
              Redrive {plural(total, "run")}…
            </Button>
          </>
        )}
      </Head>
      <Card label="What failed">
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
                  {count(total)}
                </Link>
              ),
            },
            { name: "First", value: <Moment at={firstAt} /> },
            { name: "Last", value: <Ago at={lastAt} /> },
          ]}
        />
        {message.includes("\n") ? <pre className={partStyles.message}>{plain(message)}</pre> : null}
        {hours.length === 0 ? null : (
          <div>
            <div className={pageStyles.line}>
              <Spark hours={hours} />
              <span className={partStyles.muted}>{sparkWords(hours)}</span>
            </div>
            <SparkTable hours={hours} />
          </div>
        )}
        <p>
          <RunLink id={sample}>The newest run</RunLink> ·{" "}
          <Link to="/compare" search={{ a: sample }}>
            what is different in it from the last completed run
          </Link>
        </p>
      </Card>
      {asked === null ? null : <BulkSheet asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Members({ runs }: { runs: readonly RunSummary[] }) {
  if (runs.length === 0) return <Empty title="No older runs">Those that stood here have gone on meanwhile.</Empty>;
  return (
    <Table
      caption="Runs of this cause, newest first"
      columns={["Run", "Key", "Version", "Message", "Failed", "Started", "Compare"]}
    >
      {runs.map((run) => (
        <tr key={run.id}>
          <th scope="row" data-label="Run">
            <RunLink id={run.id} />
          </th>
          <td data-label="Key">
            {run.key === null ? (
              <span className={partStyles.muted}>none</span>
            ) : (
              <Link to="/k/$key" params={{ key: run.key }}>
                {run.key}
              </Link>
            )}
          </td>
          <td data-label="Version">v{run.version}</td>
          <td data-label="Message">{firstLine(run.error?.message ?? run.reasonText ?? "")}</td>
          <td data-label="Failed">{run.endedAt === null ? "" : <Ago at={run.endedAt} />}</td>
          <td data-label="Started">
            <Ago at={run.createdAt} />
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

/** Every run of it has gone on, was dismissed or has been removed. */
function Over({ fingerprint }: { fingerprint: string }) {
  return (
    <>
      <Head title="This cause is over" />
      <Empty title="No run stands here any more.">
        <p>
          Its runs were redriven or dismissed, or retention has removed them; or the address never was one of a cause (
          <code>{fingerprint}</code>).
        </p>
        <p>
          <Link to="/dead-letters">Other dead letters</Link> · <Link to="/bulk">what was done to many runs</Link> ·{" "}
          <Link to="/runs">all runs</Link>
        </p>
      </Empty>
    </>
  );
}
