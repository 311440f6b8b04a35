import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { DeadLetterGroup } from "@wire/dead-letter.ts";
import { useRef, useState } from "react";
import { BulkDialog, type BulkRequest } from "../../actions/bulk-dialog.tsx";
import { pageRows, queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader } from "../../components/basics.tsx";
import { FilterField } from "../../components/filter-field.tsx";
import { Page, pageStyles } from "../../components/page.tsx";
import { Spark } from "../../components/spark.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Table } from "../../components/table.tsx";
import { firstLine, formatNumber, plural } from "../../components/text.ts";
import { RelativeTime } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { useShortcuts } from "../../shell/shortcuts.ts";
import styles from "./dead-letters.module.css";
import { groupRequest } from "./group-request.ts";

/** Dead letters, one row per cause, with actions to redrive or dismiss them. */
export function DeadLettersPage() {
  const { q = "" } = useSearch({ from: "/dead-letters" });
  const navigate = useNavigate({ from: "/dead-letters" });
  const groups = useQuery(queries.groups());
  const all = groups.data?.items ?? [];
  const runs = all.reduce((sum, group) => sum + group.count, 0);
  const isCut = all.length >= pageRows;
  return (
    <Page>
      <PageHeader
        title="Dead letters"
        about={
          all.length === 0
            ? undefined
            : isCut
              ? `${plural(runs, "run")} in the ${formatNumber(all.length)} largest causes`
              : `${plural(runs, "run")}, ${plural(all.length, "cause")}`
        }
      >
        <Link className={baseStyles.button} to="/bulk">
          Bulk operations
        </Link>
      </PageHeader>
      <Loaded query={groups}>
        {({ items }) =>
          items.length === 0 ? (
            <NoDeadLetters />
          ) : (
            <>
              <FilterField
                label="Filter by workflow, step or error text"
                placeholder="workflow, step or error text"
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

/** Every word of the filter must occur in the group. */
function matches({ name, step, message }: DeadLetterGroup, q: string): boolean {
  const text = `${name} ${step ?? ""} ${message}`.toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function Groups({ groups, total, onAll }: { groups: readonly DeadLetterGroup[]; total: number; onAll: () => void }) {
  const isReadOnly = useReadOnly();
  const [selected, setSelected] = useState<string | null>(null);
  const [request, setRequest] = useState<BulkRequest | null>(null);
  const navigate = useNavigate();
  const body = useRef<HTMLTableSectionElement>(null);
  const at = groups.findIndex(({ fingerprint }) => fingerprint === selected);
  const move = (by: number): void => {
    const next = Math.max(0, Math.min(groups.length - 1, at + by));
    // The focus moves too, so that Enter opens the row and screen readers announce it.
    body.current?.rows[next]?.querySelector<HTMLElement>("a")?.focus();
  };
  const current = groups[at] ?? groups[0];
  useShortcuts([
    { keys: "j", label: "Next cause", run: () => move(1) },
    { keys: "k", label: "Previous cause", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next cause", run: () => move(1), isQuiet: true },
    { keys: "ArrowUp", label: "Previous cause", run: () => move(-1), isQuiet: true },
    {
      keys: "Enter",
      label: "Open the cause",
      run: () =>
        current !== undefined &&
        void navigate({ to: "/errors/$fingerprint", params: { fingerprint: current.fingerprint } }),
    },
    {
      keys: "r",
      label: "Redrive the runs with this cause",
      run: () => !isReadOnly && current !== undefined && setRequest(groupRequest("redrive", current)),
    },
  ]);
  if (groups.length === 0)
    return (
      <Empty title={`0 of ${plural(total, "cause")} match`}>
        <p>
          <Button onClick={onAll}>Show all</Button>
        </p>
      </Empty>
    );
  return (
    <>
      <div className={pageStyles.line}>
        <span className={baseStyles.muted}>
          {groups.length === total ? "Largest first" : `${formatNumber(groups.length)} of ${plural(total, "cause")}`}
        </span>
        <span className={pageStyles.end} aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>↵</kbd> open {isReadOnly ? null : <kbd>r</kbd>}{" "}
          {isReadOnly ? null : "redrive"} <kbd>?</kbd>
        </span>
      </div>
      <Table
        caption="Dead letters by cause"
        columns={[
          "Error",
          { name: "Runs", isNumber: true },
          "Last 24 h",
          "Seen",
          "Versions",
          isReadOnly ? "Sample" : "Sample and actions",
        ]}
        className={styles.groups}
        body={body}
      >
        {groups.map((group) => (
          <Group
            key={group.fingerprint}
            group={group}
            isAt={group.fingerprint === selected}
            onAt={() => setSelected(group.fingerprint)}
            onAction={isReadOnly ? null : setRequest}
          />
        ))}
      </Table>
      {request === null ? null : <BulkDialog request={request} onClose={() => setRequest(null)} />}
    </>
  );
}

function Group({
  group,
  isAt,
  onAt,
  onAction,
}: {
  group: DeadLetterGroup;
  isAt: boolean;
  onAt: () => void;
  onAction: ((request: BulkRequest) => void) | null;
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
          {formatNumber(group.count)}
        </Link>
      </td>
      <td data-label="Last 24 h">
        <Spark hours={hours} />
      </td>
      <td data-label="Seen" className={styles.seen}>
        <span>
          last <RelativeTime at={lastAt} />
          <br />
          <span className={baseStyles.muted}>
            first <RelativeTime at={firstAt} />
          </span>
        </span>
      </td>
      <td data-label="Versions">{versions.map((version) => `v${version}`).join(", ")}</td>
      <td>
        <span className={pageStyles.rowActions}>
          <Link className={baseStyles.button} to="/runs/$id" params={{ id: sample }} aria-label={`Open run ${sample}`}>
            Open run
          </Link>
          {onAction === null ? null : (
            <>
              <Button onClick={() => onAction(groupRequest("redrive", group))}>Redrive…</Button>
              <Button variant="danger" onClick={() => onAction(groupRequest("dismiss", group))}>
                Dismiss…
              </Button>
            </>
          )}
        </span>
      </td>
    </tr>
  );
}

function NoDeadLetters() {
  return (
    <Empty title="No dead letters">
      <p>
        A failed step is retried according to its <code>retry</code> option, with a longer delay each time. A run
        becomes a dead letter when the last attempt fails, when its code throws an error that cannot be retried, or when
        the outcome of a step is unknown.
      </p>
      <p>
        Dead letters are grouped by cause. Fix the cause, then redrive the runs: completed steps are kept, and each run
        continues from the step that failed.
      </p>
      <pre>{`await ctx.step("charge card", charge, {
  retry: { attempts: 5, backoff: "exponential", first: "1s", max: "5m" },
});`}</pre>
    </Empty>
  );
}
