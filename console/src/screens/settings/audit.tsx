import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AuditEntry } from "@wire/audit.ts";
import { queries } from "../../api/queries.ts";
import { baseStyles } from "../../components/basics.tsx";
import { Pager, RunLink } from "../../components/page.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { escapeControls } from "../../components/text.ts";
import { Timestamp } from "../../shell/clock.tsx";
import { AsOf } from "./as-of.tsx";

/** The audit log: who did what, to which run or schedule, and why. */
export function AuditPart({ page }: { page: string | null }) {
  const audit = useQuery(queries.audit(page));
  return (
    <Loaded query={audit}>
      {({ items, nextPageToken }) =>
        items.length === 0 && page === null ? (
          <Empty title="No audit entries yet">
            <p>
              Every user action on a run, schedule, version or the store is recorded here with who did it, when and why,
              and so are actions of the engine on behalf of a user. Entries cannot be changed.
            </p>
          </Empty>
        ) : (
          <>
            <AsOf at={audit.dataUpdatedAt} onAsk={() => void audit.refetch()} />
            {items.length === 0 ? <Empty title="No older entries" /> : <Entries entries={items} />}
            <Pager to="/settings/$part" params={{ part: "audit" }} page={page} next={nextPageToken} what="entries" />
          </>
        )
      }
    </Loaded>
  );
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <Table caption="Audit log, newest first" columns={["Time", "Actor", "Action", "Target", "Reason"]}>
      {entries.map((entry, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: entries never change, and two may be identical
        <tr key={`${entry.at} ${i}`}>
          <td data-label="Time">
            <Timestamp at={entry.at} isZoneHidden={true} />
          </td>
          <td data-label="Actor">{escapeControls(entry.actor)}</td>
          <td data-label="Action">
            <strong>{entry.verb}</strong>
          </td>
          <td data-label="Target">
            <To entry={entry} />
          </td>
          <td data-label="Reason">{entry.why === null ? "" : escapeControls(entry.why)}</td>
        </tr>
      ))}
    </Table>
  );
}

function To({ entry: { run, schedule } }: { entry: AuditEntry }) {
  if (run !== null) return <RunLink id={run} />;
  if (schedule !== null)
    return (
      <Link to="/schedules/$id" params={{ id: schedule }}>
        schedule {schedule}
      </Link>
    );
  return <span className={baseStyles.muted}>the store</span>;
}
