import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { Bulk, BulkFilter } from "@wire/bulk.ts";
import { useEffect, useRef, useState } from "react";
import { invalidate, queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader, Pill } from "../../components/basics.tsx";
import { Breadcrumbs, Card, Facts, Page } from "../../components/page.tsx";
import { Loaded } from "../../components/states.tsx";
import { escapeControls, formatNumber } from "../../components/text.ts";
import { formatDuration } from "../../components/time.ts";
import { Timestamp, useNow, useZone } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import {
  bulkStatusBadges,
  bulkTitle,
  filterSearch,
  filterText,
  orderText,
  progressText,
  stageText,
} from "../bulk-operations/text.ts";
import styles from "./bulk-operation.module.css";
import { StopDialog } from "./stop-dialog.tsx";

/** Polling interval while the operation runs; the live stream does not report its progress. */
const readMs = 1_500;

/** A bulk operation with its progress and outcome. */
export function BulkOperationPage() {
  const { id } = useParams({ from: "/bulk/$id" });
  const bulk = useQuery({
    ...queries.bulk(id),
    refetchInterval: ({ state }) => (state.data?.status === "running" ? readMs : false),
    refetchIntervalInBackground: false,
  });
  return (
    <Page>
      <Breadcrumbs>
        <Link to="/bulk">Bulk operations</Link>
      </Breadcrumbs>
      {bulk.data === undefined && <PageHeader title="Bulk operation" />}
      <Loaded query={bulk} rows={4}>
        {(data) => <BulkOperation bulk={data} />}
      </Loaded>
    </Page>
  );
}

function BulkOperation({ bulk }: { bulk: Bulk }) {
  const { filter, status, total, done, refused, left, detail, startedBy, reason, createdAt, endedAt } = bulk;
  const isReadOnly = useReadOnly();
  const now = useNow();
  const [isStopping, setStopping] = useState(false);
  const isRunning = status === "running";
  const stage = stageText(bulk);
  const took = (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(createdAt);
  useRefetchAtEnd(isRunning);
  return (
    <>
      <PageHeader
        title={
          <>
            <Pill badge={bulkStatusBadges[status]} /> {bulkTitle(bulk)}
          </>
        }
      >
        {isReadOnly || !isRunning ? null : (
          <Button variant="danger" onClick={() => setStopping(true)}>
            Stop…
          </Button>
        )}
      </PageHeader>
      <Card label="Progress">
        <p id="progress-words">
          <strong>{progressText(bulk)}</strong>
          {stage === null ? null : <> · now {stage}</>}
        </p>
        <progress
          className={styles.progress}
          aria-labelledby="progress-words"
          max={Math.max(1, total)}
          value={done + refused}
        />
        {detail === null ? null : (
          <p className={status === "stopped" ? styles.stopped : undefined}>{escapeControls(detail)}</p>
        )}
        {refused === 0 ? null : (
          <p className={baseStyles.muted}>
            Refused: {refused === 1 ? "1 run is" : `${formatNumber(refused)} runs are`} in a state that no longer allows
            it.
          </p>
        )}
        {isRunning || left === 0 ? null : (
          <p className={baseStyles.muted}>
            {left === 1
              ? "1 run was not processed and is unchanged."
              : `${formatNumber(left)} runs were not processed and are unchanged.`}
          </p>
        )}
      </Card>
      <Card label="Request">
        <Facts
          facts={[
            { name: "Applies to", value: <FilterLinks filter={filter} /> },
            {
              name: "Order",
              value: `${orderText(bulk)}${bulk.rate === null ? "" : `, at most ${formatNumber(bulk.rate)} per second`}`,
            },
            { name: "Started by", value: startedBy },
            {
              name: "Reason",
              value: reason === null ? <span className={baseStyles.muted}>none</span> : escapeControls(reason),
            },
            { name: "Started", value: <Timestamp at={createdAt} /> },
            { name: "Ended", value: endedAt === null ? null : <Timestamp at={endedAt} /> },
            { name: "Duration", value: formatDuration(endedAt === null ? Math.floor(took / 1_000) * 1_000 : took) },
          ]}
        />
        <p className={baseStyles.muted}>
          The set of runs was fixed at the start; the linked list shows the runs that match now. The result for each run
          is in its history.
        </p>
      </Card>
      {isStopping && isRunning ? <StopDialog bulk={bulk} onClose={() => setStopping(false)} /> : null}
    </>
  );
}

/** Describes the runs, with links to the list and the error group. */
function FilterLinks({ filter }: { filter: BulkFilter }) {
  const zone = useZone();
  return (
    <>
      <Link to="/runs" search={filterSearch(filter)}>
        {filterText(filter, zone)}
      </Link>
      {filter.fingerprint === undefined ? null : (
        <>
          {" "}
          (
          <Link to="/errors/$fingerprint" params={{ fingerprint: filter.fingerprint }}>
            error group
          </Link>
          )
        </>
      )}
    </>
  );
}

/** Refetches affected data when the operation ends. */
function useRefetchAtEnd(isRunning: boolean): void {
  const was = useRef(isRunning);
  useEffect(() => {
    if (was.current && !isRunning) invalidate("groups", "group", "bulks", "home", "facets");
    was.current = isRunning;
  }, [isRunning]);
}
