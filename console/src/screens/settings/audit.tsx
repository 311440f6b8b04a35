import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AuditEntry } from "@wire/audit.ts";
import { reads } from "../../api/queries.ts";
import { Pager, RunLink } from "../../parts/page.tsx";
import { partStyles } from "../../parts/parts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { plain } from "../../parts/words.ts";
import { Moment } from "../../shell/clock.tsx";
import { AsOf } from "./as-of.tsx";

/** Who did what, to which run or schedule, and why. */
export function AuditPart({ page }: { page: string | null }) {
  const audit = useQuery(reads.audit(page));
  return (
    <Loaded of={audit}>
      {({ items, nextPageToken }) =>
        items.length === 0 && page === null ? (
          <Empty title="Nobody has done anything yet.">
            <p>
              Whatever a person asks of a run, a schedule, a version or the store stands here, with who asked, when and
              why; so does what the engine did for somebody. It cannot be changed.
            </p>
          </Empty>
        ) : (
          <>
            <AsOf at={audit.dataUpdatedAt} onAsk={() => void audit.refetch()} />
            {items.length === 0 ? <Empty title="Nothing older" /> : <Entries entries={items} />}
            <Pager to="/settings/$part" params={{ part: "audit" }} page={page} next={nextPageToken} what="entries" />
          </>
        )
      }
    </Loaded>
  );
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <Table caption="Audit, newest first" columns={["When", "Who", "What", "To", "Why"]}>
      {entries.map((entry, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: entries are never changed, and may be alike
        <tr key={`${entry.at} ${i}`}>
          <td data-label="When">
            <Moment at={entry.at} isBare={true} />
          </td>
          <td data-label="Who">{plain(entry.actor)}</td>
          <td data-label="What">
            <strong>{entry.verb}</strong>
          </td>
          <td data-label="To">
            <To entry={entry} />
          </td>
          <td data-label="Why">{entry.why === null ? "" : plain(entry.why)}</td>
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
  return <span className={partStyles.muted}>the store</span>;
}
