import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { EventDetail, EventWait } from "@wire/event.ts";
import { isTruncated } from "@wire/payload.ts";
import { useState } from "react";
import { ConfirmDialog } from "../../actions/confirm-dialog.tsx";
import { SendEventDialog } from "../../actions/send-event-dialog.tsx";
import { get, post } from "../../api/client.ts";
import { invalidate, queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader, Pill } from "../../components/basics.tsx";
import { Breadcrumbs, Facts, Page, pageStyles, RunLink, Section } from "../../components/page.tsx";
import { PayloadView } from "../../components/payload.tsx";
import { Loaded } from "../../components/states.tsx";
import { escapeControls, formatNumber, plural } from "../../components/text.ts";
import { announce, copy } from "../../shell/announce.tsx";
import { Timestamp } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { asCurl, outcomeBadges } from "../events/text.ts";
import styles from "./event.module.css";

/** One event: which runs it started or woke, and why not others. */
export function EventPage() {
  const { no } = useParams({ from: "/events/$no" });
  const event = useQuery(queries.event(no));
  return (
    <Page>
      <Breadcrumbs>
        <Link to="/events">Events</Link>
      </Breadcrumbs>
      {event.data === undefined ? <PageHeader title={`Event ${no}`} /> : null}
      <Loaded query={event}>{(data) => <Event key={data.no} event={data} />}</Loaded>
    </Page>
  );
}

function Event({ event }: { event: EventDetail }) {
  const { no, id, name, source, receivedAt, outcome, outcomeText, data, routing, tries } = event;
  const isReadOnly = useReadOnly();
  const [again, setAgain] = useState<{ readonly data: unknown } | null>(null);
  const [isRetrying, setRetrying] = useState(false);
  const whole = (): Promise<unknown> => (isTruncated(data) ? get<unknown>(data.href) : Promise.resolve(data));
  return (
    <>
      <PageHeader title={name} about={`event ${no}`}>
        <Link className={baseStyles.button} to="/events" search={{ name }}>
          All with this name
        </Link>
        <Button
          onClick={() =>
            void whole().then((value) => copy(asCurl(location.origin, { name, data: value }), "curl command"))
          }
        >
          Copy as curl
        </Button>
        {isReadOnly || routing !== "held" ? null : (
          <Button variant="primary" onClick={() => setRetrying(true)}>
            Route again…
          </Button>
        )}
        {isReadOnly ? null : (
          <Button
            variant={routing === "held" ? "quiet" : "primary"}
            onClick={() => void whole().then((value) => setAgain({ data: value }))}
          >
            Send again…
          </Button>
        )}
      </PageHeader>
      <div className={`${styles.outcome} ${baseStyles.toned}`} data-tone={outcomeBadges[outcome].tone}>
        <Pill badge={outcomeBadges[outcome]} />
        <p>{escapeControls(outcomeText)}</p>
      </div>
      <Facts
        facts={[
          { name: "Received", value: <Timestamp at={receivedAt} /> },
          { name: "Source", value: source },
          { name: "Event id", value: <code>{id}</code> },
          ...(routing === "routed" ? [] : [{ name: "Routing tries", value: formatNumber(tries) }]),
        ]}
      />
      <div className={pageStyles.columns}>
        <div className={pageStyles.page}>
          <EventResult event={event} />
          <Waits event={event} />
        </div>
        <Section title="Data" isPadded={true}>
          <PayloadView value={data} label={`Data of ${name}`} />
        </Section>
      </div>
      {isRetrying ? <RetryDialog event={event} onClose={() => setRetrying(false)} /> : null}
      {again === null ? null : <SendEventDialog name={name} match={again.data} onClose={() => setAgain(null)} />}
    </>
  );
}

/** Routes a held event again. */
function RetryDialog({ event: { no, name, listeners }, onClose }: { event: EventDetail; onClose: () => void }) {
  return (
    <ConfirmDialog
      title={`Route event ${no} again`}
      label="Route again"
      description="It is evaluated again, alone. If that has no result twice more, it is held again."
      consequences={[
        { name: "Workflows", value: listeners.length === 0 ? `none starts on ${name} now` : listeners.join(", ") },
        { name: "Before", value: "deploy the fix of their input schema, key or limits", isWarning: true },
      ]}
      onConfirm={(reason) => post<EventDetail>(`/api/events/${no}/retry`, { reason })}
      onDone={() => {
        announce(`Event ${no} is routed again`);
        invalidate("events", "doctor");
      }}
      onClose={onClose}
    />
  );
}

function EventResult({ event: { runs, matched, joined, refused, listeners } }: { event: EventDetail }) {
  return (
    <Section title="Result" about={plural(matched, "run")} isPadded={true}>
      {joined.length === 0 ? null : (
        <ul className={styles.list}>
          {joined.map(({ name, run }) => (
            <li key={`${name} ${run}`}>
              ⊕ batched into {name} <RunLink id={run} />
            </li>
          ))}
        </ul>
      )}
      {runs.length === 0 ? (
        <p className={baseStyles.muted}>
          {matched === 0
            ? "No run was started or woken."
            : "The runs it started or woke are no longer stored; retention may have removed them."}
        </p>
      ) : (
        <ul className={styles.list}>
          {runs.map((run) => (
            <li key={`${run.id} ${run.how}`}>
              {run.how === "started" ? "▶ started" : "↻ woke"} {run.name} <RunLink id={run.id} />
            </li>
          ))}
          {matched > runs.length ? <li>and {formatNumber(matched - runs.length)} more</li> : null}
        </ul>
      )}
      {refused.length === 0 ? null : (
        <>
          <h3>Refused by</h3>
          <ul className={styles.list}>
            {refused.map((text) => (
              <li key={text} className={baseStyles.wrong}>
                ✕ {escapeControls(text)}
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>Workflows it starts</h3>
      {listeners.length === 0 ? (
        <p className={baseStyles.muted}>No loaded workflow starts on this event.</p>
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

/** Runs that wait for an event with this name now, and how this event differs from what they expect. */
function Waits({ event: { waits, waiting, name } }: { event: EventDetail }) {
  return (
    <Section title="Runs waiting for it now" about={plural(waiting, "run")}>
      {waits.length === 0 ? (
        <div className={pageStyles.padded}>
          <p className={baseStyles.muted}>No run is waiting for {name}.</p>
        </div>
      ) : (
        <>
          <table className={`${baseStyles.table} ${baseStyles.cards} ${styles.waits}`}>
            <caption className="visually-hidden">Waiting runs, and how the event differs from what they expect</caption>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Path</th>
                <th scope="col">Expected</th>
                <th scope="col">Received</th>
              </tr>
            </thead>
            <tbody>
              {waits.map((wait) => (
                <Wait key={`${wait.run} ${wait.step}`} wait={wait} />
              ))}
            </tbody>
          </table>
          {waiting > waits.length ? (
            <p className={baseStyles.muted}>and {formatNumber(waiting - waits.length)} more</p>
          ) : null}
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
          ✓ Matches: sending it again would wake this run.
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
      <td data-label="Expected">
        <code>{valueText(wanted)}</code>
      </td>
      <td data-label="Received" className={baseStyles.wrong}>
        <span>
          ≠ <code>{valueText(got)}</code>
        </span>
      </td>
    </tr>
  ));
}

/** The value as JSON, so that `8841` and `"8841"` look different. */
function valueText(value: unknown): string {
  return value === undefined ? "missing" : escapeControls(JSON.stringify(value));
}
