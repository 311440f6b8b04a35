import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { EventView } from "@wire/event.ts";
import { useEffect, useState } from "react";
import { SendEvent } from "../../acts/send-event.tsx";
import { reads } from "../../api/queries.ts";
import { Page, Pager, pageStyles } from "../../parts/page.tsx";
import { Button, Head, Pill, partStyles } from "../../parts/parts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { firstLine } from "../../parts/words.ts";
import { Ago } from "../../shell/clock.tsx";
import { useKeys } from "../../shell/keys.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import styles from "./events.module.css";
import { dataText, listShown } from "./words.ts";

/** Everything that came from outside, and what it did. */
export function EventsPage() {
  const { name, page = null } = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const isReadOnly = useReadOnly();
  const [isSending, setSending] = useState(false);
  const events = useQuery(reads.events({ name }, page));
  useKeys(isReadOnly ? [] : [{ keys: "c", label: "Send an event", run: () => setSending(true) }]);
  return (
    <Page>
      <Head title="Events" about="as they were received, newest first">
        {isReadOnly ? null : (
          <Button look="primary" hint="c" onClick={() => setSending(true)}>
            Send an event
          </Button>
        )}
      </Head>
      <NameFilter
        key={name ?? ""}
        name={name ?? ""}
        onName={(next) => void navigate({ search: { name: next === "" ? undefined : next } })}
      />
      <Loaded of={events}>
        {({ items, nextPageToken }) => (
          <>
            {items.length > 0 ? (
              <Events events={items} />
            ) : name !== undefined ? (
              <Empty title={`No event of the name ${name} is kept`}>
                <p>Names are compared whole. Retention removes events of long ago.</p>
                <p>
                  <Button onClick={() => void navigate({ search: {} })}>Show all</Button>
                </p>
              </Empty>
            ) : (
              <Empty title={page === null ? "No event yet" : "No older events"}>
                <p>Whatever runs wait for, and whatever starts them from outside, comes in as an event:</p>
                <pre>{`curl -s ${location.origin}/api/events -H 'content-type: application/json' \\
  -d '{ "name": "deal.won", "data": { "deal": { "id": 8841 } } }'`}</pre>
              </Empty>
            )}
            <Pager to="/events" search={{ name }} page={page} next={nextPageToken} what="events" />
          </>
        )}
      </Loaded>
      {isSending ? <SendEvent name={name ?? ""} match={{}} onClose={() => setSending(false)} /> : null}
    </Page>
  );
}

/** The API compares whole names, so it is asked when the name is complete: on Enter, or when it is chosen. */
function NameFilter({ name, onName }: { name: string; onName: (name: string) => void }) {
  const [text, setText] = useState(name);
  const definitions = useQuery(reads.definitions());
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
            className={partStyles.input}
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
      columns={["Event", "What it did", "Data", "From", "Received"]}
      look={styles.table}
    >
      {events.map((event) => (
        <tr key={event.no}>
          <th scope="row">
            <Link to="/events/$no" params={{ no: String(event.no) }}>
              {event.name} <span className={styles.no}>#{event.no}</span>
            </Link>
          </th>
          <td data-label="What it did">
            <span>
              <Pill shown={listShown(event)} />
            </span>
          </td>
          <td data-label="Data">
            <code className={styles.data}>{firstLine(dataText(event.data))}</code>
          </td>
          <td data-label="From">{event.source}</td>
          <td data-label="Received">
            <Ago at={event.receivedAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
