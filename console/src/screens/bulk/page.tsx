import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { Bulk, BulkFilter } from "@wire/bulk.ts";
import { useEffect, useRef, useState } from "react";
import { invalidate, reads } from "../../api/queries.ts";
import { Card, Crumbs, Facts, Page } from "../../parts/page.tsx";
import { Button, Head, Pill, partStyles } from "../../parts/parts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { duration } from "../../parts/time.ts";
import { count, plain } from "../../parts/words.ts";
import { Moment, useNow, useZone } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import {
  bulkStatus,
  bulkTitle,
  filterSearch,
  filterWords,
  orderWords,
  progressWords,
  stageWords,
} from "../bulks/words.ts";
import styles from "./bulk.module.css";
import { StopSheet } from "./stop.tsx";

/** While it runs its progress is read this often; no event of the stream tells of it. */
const readMs = 1_500;

/** One verb for many runs: how far it is, and whether it goes well. */
export function BulkPage() {
  const { id } = useParams({ from: "/bulk/$id" });
  const bulk = useQuery({
    ...reads.bulk(id),
    refetchInterval: ({ state }) => (state.data?.status === "running" ? readMs : false),
    refetchIntervalInBackground: false,
  });
  return (
    <Page>
      <Crumbs>
        <Link to="/bulk">Bulk acts</Link>
      </Crumbs>
      {bulk.data === undefined && <Head title="Bulk act" />}
      <Loaded of={bulk} rows={4}>
        {(data) => <Act bulk={data} />}
      </Loaded>
    </Page>
  );
}

function Act({ bulk }: { bulk: Bulk }) {
  const { filter, status, total, done, refused, left, detail, startedBy, reason, createdAt, endedAt } = bulk;
  const isReadOnly = useReadOnly();
  const now = useNow();
  const [isStopping, setStopping] = useState(false);
  const isRunning = status === "running";
  const stage = stageWords(bulk);
  const took = (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(createdAt);
  useWhenOver(isRunning);
  return (
    <>
      <Head
        title={
          <>
            <Pill shown={bulkStatus[status]} /> {bulkTitle(bulk)}
          </>
        }
      >
        {isReadOnly || !isRunning ? null : (
          <Button look="danger" onClick={() => setStopping(true)}>
            Stop…
          </Button>
        )}
      </Head>
      <Card label="Progress">
        <p id="progress-words">
          <strong>{progressWords(bulk)}</strong>
          {stage === null ? null : <> · now {stage}</>}
        </p>
        <progress
          className={styles.progress}
          aria-labelledby="progress-words"
          max={Math.max(1, total)}
          value={done + refused}
        />
        {detail === null ? null : <p className={status === "stopped" ? styles.stopped : undefined}>{plain(detail)}</p>}
        {refused === 0 ? null : (
          <p className={partStyles.muted}>
            Refused: the state of {count(refused)} {refused === 1 ? "run" : "runs"} did not allow it any more.
          </p>
        )}
        {isRunning || left === 0 ? null : (
          <p className={partStyles.muted}>The turn of {count(left)} never came; they stand as they did.</p>
        )}
      </Card>
      <Card label="What was asked">
        <Facts
          facts={[
            { name: "For", value: <For filter={filter} /> },
            {
              name: "In what order",
              value: `${orderWords(bulk)}${bulk.rate === null ? "" : `, at most ${count(bulk.rate)} a second`}`,
            },
            { name: "By", value: startedBy },
            {
              name: "Reason",
              value: reason === null ? <span className={partStyles.muted}>none given</span> : plain(reason),
            },
            { name: "Begun", value: <Moment at={createdAt} /> },
            { name: "Ended", value: endedAt === null ? null : <Moment at={endedAt} /> },
            { name: "Took", value: duration(endedAt === null ? Math.floor(took / 1_000) * 1_000 : took) },
          ]}
        />
        <p className={partStyles.muted}>
          The runs were chosen once, when it began; the list shows what matches now. Each run's history tells what
          became of it.
        </p>
      </Card>
      {isStopping && isRunning ? <StopSheet bulk={bulk} onClose={() => setStopping(false)} /> : null}
    </>
  );
}

/** Which runs, with the list of them. */
function For({ filter }: { filter: BulkFilter }) {
  const zone = useZone();
  return (
    <>
      <Link to="/runs" search={filterSearch(filter)}>
        {filterWords(filter, zone)}
      </Link>
      {filter.fingerprint === undefined ? null : (
        <>
          {" "}
          (
          <Link to="/errors/$fingerprint" params={{ fingerprint: filter.fingerprint }}>
            the error
          </Link>
          )
        </>
      )}
    </>
  );
}

/** What it has changed is read again once it is over. */
function useWhenOver(isRunning: boolean): void {
  const was = useRef(isRunning);
  useEffect(() => {
    if (was.current && !isRunning) invalidate("groups", "group", "bulks", "home", "facets");
    was.current = isRunning;
  }, [isRunning]);
}
