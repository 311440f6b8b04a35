import { Link } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import { Facts, RunLink } from "../../components/page.tsx";
import { formatDuration } from "../../components/time.ts";
import { copy } from "../../shell/announce.tsx";
import { Timestamp, useNow } from "../../shell/clock.tsx";
import styles from "./run.module.css";

const childrenMax = 5;

/** General properties of the run, and related runs. */
export function RunFacts({ run }: { run: RunDetail }) {
  const now = useNow();
  const took = (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.createdAt);
  return (
    <Facts
      facts={[
        { name: "Run", value: <Id id={run.id} /> },
        { name: "Version", value: <Version run={run} /> },
        { name: "Started", value: <Timestamp at={run.createdAt} /> },
        { name: "Duration", value: `${formatDuration(took)} · active ${formatDuration(run.busyMs)}` },
        { name: "Started by", value: <StartedBy run={run} /> },
        { name: "Parent", value: run.parentId === null ? null : <RunLink id={run.parentId} /> },
        { name: "Children", value: run.children.length === 0 ? null : <Children run={run} /> },
        { name: "Continued as", value: run.continuedAs === null ? null : <RunLink id={run.continuedAs} /> },
      ]}
    />
  );
}

function Id({ id }: { id: string }) {
  return (
    <button type="button" className={styles.id} onClick={() => void copy(id, "run id")} title="Copy run id">
      {id}
    </button>
  );
}

function Version({ run: { version, liveVersion } }: { run: RunDetail }) {
  return (
    <>
      v{version}
      {liveVersion === null || liveVersion === version ? null : <small> (current: v{liveVersion})</small>}
    </>
  );
}

function Children({ run: { children } }: { run: RunDetail }) {
  return (
    <>
      {children.slice(0, childrenMax).map((child) => (
        <RunLink key={child.id} id={child.id}>
          {child.step} ({child.status}){" "}
        </RunLink>
      ))}
      {children.length > childrenMax ? `and ${children.length - childrenMax} more` : ""}
    </>
  );
}

function StartedBy({ run: { startedBy } }: { run: RunDetail }) {
  const { by, event, rerunOf, schedule } = startedBy;
  if (rerunOf !== undefined)
    return (
      <>
        {by}, rerun of <RunLink id={rerunOf} />
      </>
    );
  if (schedule !== undefined)
    return (
      <Link to="/schedules/$id" params={{ id: schedule }}>
        schedule {schedule}
      </Link>
    );
  if (event !== undefined) return <>event {event}</>;
  return <>{by}</>;
}
