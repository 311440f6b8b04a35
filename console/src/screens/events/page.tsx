import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { EventView } from "@wire/event.ts";
import { useEffect, useState } from "react";
import { SendEventDialog } from "../../actions/send-event-dialog.tsx";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader, Pill } from "../../components/basics.tsx";
import { Page, Pager, pageStyles } from "../../components/page.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { firstLine } from "../../components/text.ts";
import { RelativeTime } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { useShortcuts } from "../../shell/shortcuts.ts";
import styles from "./events.module.css";
import { dataText, eventBadge } from "./text.ts";

/** All received events with their results. */
export function EventsPage() {
  const { name, page = null } = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const isReadOnly = useReadOnly();
  const [isSending, setSending] = useState(false);
  const events = useQuery(queries.events({ name }, page));
  useShortcuts(isReadOnly ? [] : [{ keys: "c", label: "Send an event", run: () => setSending(true) }]);
  return (
    <Page>
      <PageHeader title="Events" about="newest first">
        {isReadOnly ? null : (
          <Button variant="primary" hint="c" onClick={() => setSending(true)}>
            Send an event
          </Button>
        )}
      </PageHeader>
      <NameFilter
        key={name ?? ""}
        name={name ?? ""}
        onName={(next) => void navigate({ search: { name: next === "" ? undefined : next } })}
      />
      <Loaded query={events}>
        {({ items, nextPageToken }) => (
          <>
            {items.length > 0 ? (
              <Events events={items} />
            ) : name !== undefined ? (
              <Empty title={`No events named ${name}`}>
                <p>Names must match exactly. Retention removes old events.</p>
                <p>
                  <Button onClick={() => void navigate({ search: {} })}>Show all</Button>
                </p>
              </Empty>
            ) : (
              <Empty title={page === null ? "No events yet" : "No older events"}>
                <p>Events wake waiting runs and start workflows. Send one:</p>
                <pre>{`curl -s ${location.origin}/api/events -H 'content-type: application/json' \\
  -d '{ "name": "deal.won", "data": { "deal": { "id": 8841 } } }'`}</pre>
              </Empty>
            )}
            <Pager to="/events" search={{ name }} page={page} next={nextPageToken} what="events" />
          </>
        )}
      </Loaded>
      {isSending ? <SendEventDialog name={name ?? ""} match={{}} onClose={() => setSending(false)} /> : null}
    </Page>
  );
}

/** The API matches exact names only, so the filter is applied on Enter or when a known name is selected. */
function NameFilter({ name, onName }: { name: string; onName: (name: string) => void }) {
  const [text, setText] = useState(name);
  const definitions = useQuery(queries.definitions());
  const known = [...new Set((definitions.data?.items ?? []).flatMap(({ triggers }) => triggers))].toSorted();
  useEffect(() => setText(name), [name]);
  return (
    <search>
      <form
        className={pageStyles.filter}
        onSubmit={(event) => {
          event.preventDefault();
          onName(text.trim());
        }}
      >
        <label>
          Name
          <input
            className={baseStyles.input}
            data-filter={true}
            type="search"
            list="event-names"
            value={text}
            maxLength={200}
            placeholder="deal.won"
            onChange={(event) => {
              setText(event.target.value);
              if (event.target.value === "" || known.includes(event.target.value)) onName(event.target.value);
            }}
          />
        </label>
        <datalist id="event-names">
          {known.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <Button type="submit">Show</Button>
      </form>
    </search>
  );
}

function Events({ events }: { events: readonly EventView[] }) {
  return (
    <Table
      caption="Events, newest first"
      columns={["Event", "Result", "Data", "Source", "Received"]}
      className={styles.table}
    >
      {events.map((event) => (
        <tr key={event.no}>
          <th scope="row">
            <Link to="/events/$no" params={{ no: String(event.no) }}>
              {event.name} <span className={styles.no}>#{event.no}</span>
            </Link>
          </th>
          <td data-label="Result">
            <span>
              <Pill badge={eventBadge(event)} />
            </span>
          </td>
          <td data-label="Data">
            <code className={styles.data}>{firstLine(dataText(event.data))}</code>
          </td>
          <td data-label="Source">{event.source}</td>
          <td data-label="Received">
            <RelativeTime at={event.receivedAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
