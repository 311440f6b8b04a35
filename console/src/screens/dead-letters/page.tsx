import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { DeadLetterGroup } from "@wire/dead-letter.ts";
import { useRef, useState } from "react";
import { type BulkAsked, BulkSheet } from "../../acts/bulk-sheet.tsx";
import { pageRows, reads } from "../../api/queries.ts";
import { FilterField } from "../../parts/filter-field.tsx";
import { Page, pageStyles } from "../../parts/page.tsx";
import { Button, Head, partStyles } from "../../parts/parts.tsx";
import { Spark } from "../../parts/spark.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { count, firstLine, plural } from "../../parts/words.ts";
import { Ago } from "../../shell/clock.tsx";
import { useKeys } from "../../shell/keys.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { askedOf } from "./asked.ts";
import styles from "./dead-letters.module.css";

/** What exhausted its retries, one row a cause, and can it be sent back safely? */
export function DeadLettersPage() {
  const { q = "" } = useSearch({ from: "/dead-letters" });
  const navigate = useNavigate({ from: "/dead-letters" });
  const groups = useQuery(reads.groups());
  const all = groups.data?.items ?? [];
  const runs = all.reduce((sum, group) => sum + group.count, 0);
  const isCut = all.length >= pageRows;
  return (
    <Page>
      <Head
        title="Dead letters"
        about={
          all.length === 0
            ? undefined
            : `${plural(runs, "run")} of ${isCut ? `the ${count(all.length)} largest causes` : plural(all.length, "cause")}`
        }
      >
        <Link className={partStyles.button} to="/bulk">
          Bulk acts
        </Link>
      </Head>
      <Loaded of={groups}>
        {({ items }) =>
          items.length === 0 ? (
            <NothingGaveUp />
          ) : (
            <>
              <FilterField
                label="Filter by workflow, step or words of the error"
                placeholder="workflow, step or words of the error"
                text={q}
                onText={(text) => void navigate({ search: { q: text }, replace: true })}
              />
              <Groups
                groups={items.filter((group) => matches(group, q))}
                onAll={() => void navigate({ search: {}, replace: true })}
                total={items.length}
              />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

/** All words that are given must stand in it somewhere. */
function matches({ name, step, message }: DeadLetterGroup, q: string): boolean {
  const text = `${name} ${step ?? ""} ${message}`.toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function Groups({ groups, total, onAll }: { groups: readonly DeadLetterGroup[]; total: number; onAll: () => void }) {
  const isReadOnly = useReadOnly();
  const [chosen, setChosen] = useState<string | null>(null);
  const [asked, setAsked] = useState<BulkAsked | null>(null);
  const navigate = useNavigate();
  const body = useRef<HTMLTableSectionElement>(null);
  const at = groups.findIndex(({ fingerprint }) => fingerprint === chosen);
  const move = (by: number): void => {
    const next = Math.max(0, Math.min(groups.length - 1, at + by));
    // The focus goes along, so that Enter opens the row and a screen reader tells it.
    body.current?.rows[next]?.querySelector<HTMLElement>("a")?.focus();
  };
  const current = groups[at] ?? groups[0];
  useKeys([
    { keys: "j", label: "Next cause", run: () => move(1) },
    { keys: "k", label: "Cause before", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next cause", run: () => move(1), isQuiet: true },
    { keys: "ArrowUp", label: "Cause before", run: () => move(-1), isQuiet: true },
    {
      keys: "Enter",
      label: "Open the cause",
      run: () =>
        current !== undefined &&
        void navigate({ to: "/errors/$fingerprint", params: { fingerprint: current.fingerprint } }),
    },
    {
      keys: "r",
      label: "Redrive the runs of the cause",
      run: () => !isReadOnly && current !== undefined && setAsked(askedOf("redrive", current)),
    },
  ]);
  if (groups.length === 0)
    return (
      <Empty title={`None of the ${plural(total, "cause")} matches`}>
        <p>
          <Button onClick={onAll}>Show all</Button>
        </p>
      </Empty>
    );
  return (
    <>
      <div className={pageStyles.line}>
        <span className={partStyles.muted}>
          {groups.length === total ? "The largest first" : `${count(groups.length)} of ${plural(total, "cause")}`}
        </span>
        <span className={pageStyles.end} aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>↵</kbd> open {isReadOnly ? null : <kbd>r</kbd>}{" "}
          {isReadOnly ? null : "redrive"} <kbd>?</kbd>
        </span>
      </div>
      <Table
        caption="Dead letters by cause"
        columns={[
          "What failed",
          { name: "Runs", isNumber: true },
          "Last 24 h",
          "Seen",
          "Versions",
          isReadOnly ? "Sample" : "Sample and acts",
        ]}
        look={styles.groups}
        body={body}
      >
        {groups.map((group) => (
          <Group
            key={group.fingerprint}
            group={group}
            isAt={group.fingerprint === chosen}
            onAt={() => setChosen(group.fingerprint)}
            onAct={isReadOnly ? null : setAsked}
          />
        ))}
      </Table>
      {asked === null ? null : <BulkSheet asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Group({
  group,
  isAt,
  onAt,
  onAct,
}: {
  group: DeadLetterGroup;
  isAt: boolean;
  onAt: () => void;
  onAct: ((asked: BulkAsked) => void) | null;
}) {
  const { fingerprint, name, step, message, firstAt, lastAt, sample, versions, hours } = group;
  return (
    <tr data-at={isAt} onFocus={onAt}>
      <th scope="row" className={styles.what}>
        <Link to="/errors/$fingerprint" params={{ fingerprint }} className={styles.message}>
          {firstLine(message)}
        </Link>
        <span className={styles.where}>
          {name}
          {step === null ? null : <> · {step}</>}
        </span>
      </th>
      <td data-label="Runs" data-number={true}>
        <Link to="/runs" search={{ q: `fingerprint:${fingerprint}` }}>
          {count(group.count)}
        </Link>
      </td>
      <td data-label="Last 24 h">
        <Spark hours={hours} />
      </td>
      <td data-label="Seen" className={styles.seen}>
        <span>
          last <Ago at={lastAt} />
          <br />
          <span className={partStyles.muted}>
            first <Ago at={firstAt} />
          </span>
        </span>
      </td>
      <td data-label="Versions">{versions.map((version) => `v${version}`).join(", ")}</td>
      <td>
        <span className={pageStyles.rowActs}>
          <Link className={partStyles.button} to="/runs/$id" params={{ id: sample }} aria-label={`Open run ${sample}`}>
            Open run
          </Link>
          {onAct === null ? null : (
            <>
              <Button onClick={() => onAct(askedOf("redrive", group))}>Redrive…</Button>
              <Button look="danger" onClick={() => onAct(askedOf("dismiss", group))}>
                Dismiss…
              </Button>
            </>
          )}
        </span>
      </td>
    </tr>
  );
}

function NothingGaveUp() {
  return (
    <Empty title="Nothing gave up.">
      <p>
        A step that fails is tried again by its <code>retry</code> rule, with a longer pause each time. A run comes here
        when the last attempt has failed too, when its code throws an error that no retry can mend, or when its outcome
        is not known.
      </p>
      <p>
        Here they stand by cause: mend it, then redrive them. What each run has done is kept, and it goes on from the
        step that failed.
      </p>
      <pre>{`await ctx.step("charge card", charge, {
  retry: { attempts: 5, backoff: "exponential", first: "1s", max: "5m" },
});`}</pre>
    </Empty>
  );
}
