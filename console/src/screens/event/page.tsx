import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { EventDetail, EventWait } from "@wire/event.ts";
import { isTruncated } from "@wire/payload.ts";
import { useState } from "react";
import { SendEvent } from "../../acts/send-event.tsx";
import { get } from "../../api/client.ts";
import { reads } from "../../api/queries.ts";
import { Crumbs, Facts, Page, pageStyles, RunLink, Section } from "../../parts/page.tsx";
import { Button, Head, Pill, partStyles } from "../../parts/parts.tsx";
import { PayloadView } from "../../parts/payload.tsx";
import { Loaded } from "../../parts/states.tsx";
import { count, plain, plural } from "../../parts/words.ts";
import { copy } from "../../shell/announce.tsx";
import { Moment } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { asCurl, outcomeShown } from "../events/words.ts";
import styles from "./event.module.css";

/** We sent an event: why did nothing run? */
export function EventPage() {
  const { no } = useParams({ from: "/events/$no" });
  const event = useQuery(reads.event(no));
  return (
    <Page>
      <Crumbs>
        <Link to="/events">Events</Link>
      </Crumbs>
      {event.data === undefined ? <Head title={`Event ${no}`} /> : null}
      <Loaded of={event}>{(data) => <Event key={data.no} event={data} />}</Loaded>
    </Page>
  );
}

function Event({ event }: { event: EventDetail }) {
  const { no, id, name, source, receivedAt, outcome, outcomeText, data } = event;
  const isReadOnly = useReadOnly();
  const [again, setAgain] = useState<{ readonly data: unknown } | null>(null);
  const whole = (): Promise<unknown> => (isTruncated(data) ? get<unknown>(data.href) : Promise.resolve(data));
  return (
    <>
      <Head title={name} about={`event ${no}`}>
        <Link className={partStyles.button} to="/events" search={{ name }}>
          All of this name
        </Link>
        <Button
          onClick={() =>
            void whole().then((value) => copy(asCurl(location.origin, { name, data: value }), "the curl command"))
          }
        >
          Copy as curl
        </Button>
        {isReadOnly ? null : (
          <Button look="primary" onClick={() => void whole().then((value) => setAgain({ data: value }))}>
            Send it again…
          </Button>
        )}
      </Head>
      <div className={`${styles.outcome} ${partStyles.toned}`} data-tone={outcomeShown[outcome].tone}>
        <Pill shown={outcomeShown[outcome]} />
        <p>{plain(outcomeText)}</p>
      </div>
      <Facts
        facts={[
          { name: "Received", value: <Moment at={receivedAt} /> },
          { name: "From", value: source },
          { name: "Id", value: <code>{id}</code> },
        ]}
      />
      <div className={pageStyles.columns}>
        <div className={pageStyles.page}>
          <Did event={event} />
          <Waits event={event} />
        </div>
        <Section title="Data" isPadded={true}>
          <PayloadView value={data} label={`Data of ${name}`} />
        </Section>
      </div>
      {again === null ? null : <SendEvent name={name} match={again.data} onClose={() => setAgain(null)} />}
    </>
  );
}

function Did({ event: { runs, matched, refused, listeners } }: { event: EventDetail }) {
  return (
    <Section title="What it did" about={plural(matched, "run")} isPadded={true}>
      {runs.length === 0 ? (
        <p className={partStyles.muted}>
          {matched === 0
            ? "It started and woke nothing."
            : "The runs that it started or woke are no longer here: retention may have removed them."}
        </p>
      ) : (
        <ul className={styles.list}>
          {runs.map((run) => (
            <li key={`${run.id} ${run.how}`}>
              {run.how === "started" ? "▶ started" : "↻ woke"} {run.name} <RunLink id={run.id} />
            </li>
          ))}
          {matched > runs.length ? <li>and {count(matched - runs.length)} more</li> : null}
        </ul>
      )}
      {refused.length === 0 ? null : (
        <>
          <h3>Refused by</h3>
          <ul className={styles.list}>
            {refused.map((text) => (
              <li key={text} className={partStyles.wrong}>
                ✕ {plain(text)}
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>Starts</h3>
      {listeners.length === 0 ? (
        <p className={partStyles.muted}>No workflow that is loaded here is started by this name.</p>
      ) : (
        <ul className={styles.list}>
          {listeners.map((name) => (
            <li key={name}>
              <Link to="/workflows/$name" params={{ name }}>
                {name}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** Who waits for this name now, and in what this event is not what they wait for. */
function Waits({ event: { waits, waiting, name } }: { event: EventDetail }) {
  return (
    <Section title="Who waits for it now" about={plural(waiting, "run")}>
      {waits.length === 0 ? (
        <div className={pageStyles.padded}>
          <p className={partStyles.muted}>No run waits for {name}.</p>
        </div>
      ) : (
        <>
          <table className={`${partStyles.table} ${partStyles.cards} ${styles.waits}`}>
            <caption className="visually-hidden">
              Runs that wait, and in what the event differs from what they want
            </caption>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Path</th>
                <th scope="col">Wanted</th>
                <th scope="col">Came</th>
              </tr>
            </thead>
            <tbody>
              {waits.map((wait) => (
                <Wait key={`${wait.run} ${wait.step}`} wait={wait} />
              ))}
            </tbody>
          </table>
          {waiting > waits.length ? <p className={partStyles.muted}>and {count(waiting - waits.length)} more</p> : null}
        </>
      )}
    </Section>
  );
}

function Wait({ wait: { run, name, step, differs } }: { wait: EventWait }) {
  const who = (
    <>
      {name} at {step}
      <br />
      <RunLink id={run} />
    </>
  );
  if (differs.length === 0)
    return (
      <tr>
        <th scope="row">{who}</th>
        <td colSpan={3} className={styles.fits}>
          ✓ It would match: sent again, it wakes this run.
        </td>
      </tr>
    );
  return differs.map(({ path, wanted, got }, i) => (
    <tr key={path}>
      {i === 0 ? (
        <th scope="rowgroup" rowSpan={differs.length}>
          {who}
        </th>
      ) : null}
      <td data-label="Path">
        <code>{path}</code>
      </td>
      <td data-label="Wanted">
        <code>{valueText(wanted)}</code>
      </td>
      <td data-label="Came" className={partStyles.wrong}>
        <span>
          ≠ <code>{valueText(got)}</code>
        </span>
      </td>
    </tr>
  ));
}

/** Typed as JSON writes it: `8841` is not `"8841"`. */
function valueText(value: unknown): string {
  return value === undefined ? "nothing" : plain(JSON.stringify(value));
}
