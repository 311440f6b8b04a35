import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import type { Bulk } from "@wire/bulk.ts";
import { queries } from "../../api/queries.ts";
import { baseStyles, PageHeader, Pill } from "../../components/basics.tsx";
import { Page, Pager } from "../../components/page.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { firstLine } from "../../components/text.ts";
import { RelativeTime, useZone } from "../../shell/clock.tsx";
import { bulkStatusBadges, bulkTitle, filterText, progressText } from "./text.ts";

/** All bulk operations, newest first. */
export function BulkOperationsPage() {
  const { page = null } = useSearch({ from: "/bulk" });
  const bulks = useQuery(queries.bulks(page));
  return (
    <Page>
      <PageHeader title="Bulk operations" about="newest first">
        <Link className={baseStyles.button} to="/dead-letters">
          Dead letters
        </Link>
      </PageHeader>
      <Loaded query={bulks}>
        {({ items, nextPageToken }) =>
          items.length === 0 && page === null ? (
            <Empty title="No bulk operations yet">
              <p>
                Redrive <Link to="/dead-letters">dead letters</Link> by cause, or apply an action to all{" "}
                <Link to="/runs">runs</Link> that match a filter. Each operation is listed here with its progress and
                can be stopped.
              </p>
              <pre>baton redrive --fingerprint … --canary 1,10 --reason "the bank is back"</pre>
            </Empty>
          ) : (
            <>
              {items.length === 0 ? <Empty title="No older operations" /> : <BulkOperationTable bulks={items} />}
              <Pager to="/bulk" page={page} next={nextPageToken} what="operations" />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function BulkOperationTable({ bulks }: { bulks: readonly Bulk[] }) {
  const zone = useZone();
  return (
    <Table
      caption="Bulk operations, newest first"
      columns={["Operation", "Status", "Progress", "Applies to", "Reason", "Started by", "Started"]}
    >
      {bulks.map((bulk) => (
        <tr key={bulk.id}>
          <th scope="row">
            <Link to="/bulk/$id" params={{ id: bulk.id }}>
              {bulkTitle(bulk)}
            </Link>
          </th>
          <td data-label="Status">
            <Pill badge={bulkStatusBadges[bulk.status]} />
          </td>
          <td data-label="Progress">{progressText(bulk)}</td>
          <td data-label="Applies to">{filterText(bulk.filter, zone)}</td>
          <td data-label="Reason">{firstLine(bulk.reason ?? "")}</td>
          <td data-label="Started by">{bulk.startedBy}</td>
          <td data-label="Started">
            <RelativeTime at={bulk.createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
