import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import type { Bulk } from "@wire/bulk.ts";
import { reads } from "../../api/queries.ts";
import { Page, Pager } from "../../parts/page.tsx";
import { Head, Pill, partStyles } from "../../parts/parts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { firstLine } from "../../parts/words.ts";
import { Ago, useZone } from "../../shell/clock.tsx";
import { bulkStatus, bulkTitle, filterWords, progressWords } from "./words.ts";

/** What was asked of many runs at once, newest first. */
export function BulksPage() {
  const { page = null } = useSearch({ from: "/bulk" });
  const bulks = useQuery(reads.bulks(page));
  return (
    <Page>
      <Head title="Bulk acts" about="verbs for many runs, newest first">
        <Link className={partStyles.button} to="/dead-letters">
          Dead letters
        </Link>
      </Head>
      <Loaded of={bulks}>
        {({ items, nextPageToken }) =>
          items.length === 0 && page === null ? (
            <Empty title="Nothing was asked of many runs yet.">
              <p>
                <Link to="/dead-letters">Dead letters</Link> are redriven by cause, and the list of{" "}
                <Link to="/runs">runs</Link> takes a verb for all that match its filter. Each such act stands here with
                its progress, and can be stopped.
              </p>
              <pre>baton redrive --fingerprint … --canary 1,10 --reason "the bank answers again"</pre>
            </Empty>
          ) : (
            <>
              {items.length === 0 ? <Empty title="No older acts" /> : <Bulks bulks={items} />}
              <Pager to="/bulk" page={page} next={nextPageToken} what="acts" />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function Bulks({ bulks }: { bulks: readonly Bulk[] }) {
  const zone = useZone();
  return (
    <Table caption="Bulk acts, newest first" columns={["Act", "Status", "Progress", "For", "Reason", "By", "Begun"]}>
      {bulks.map((bulk) => (
        <tr key={bulk.id}>
          <th scope="row">
            <Link to="/bulk/$id" params={{ id: bulk.id }}>
              {bulkTitle(bulk)}
            </Link>
          </th>
          <td data-label="Status">
            <Pill shown={bulkStatus[bulk.status]} />
          </td>
          <td data-label="Progress">{progressWords(bulk)}</td>
          <td data-label="For">{filterWords(bulk.filter, zone)}</td>
          <td data-label="Reason">{firstLine(bulk.reason ?? "")}</td>
          <td data-label="By">{bulk.startedBy}</td>
          <td data-label="Begun">
            <Ago at={bulk.createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
