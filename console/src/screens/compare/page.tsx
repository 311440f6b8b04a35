import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import { type FormEvent, useEffect, useState } from "react";
import { live } from "../../api/live.ts";
import { reads } from "../../api/queries.ts";
import { Card, Page, pageStyles } from "../../parts/page.tsx";
import { Button, Head, partStyles, RunPill, StepPill } from "../../parts/parts.tsx";
import { Empty, Loaded, Problem } from "../../parts/states.tsx";
import { duration } from "../../parts/time.ts";
import { whyText } from "../../parts/why.tsx";
import { plural, shownStatus, stepStatus } from "../../parts/words.ts";
import { Moment, serverNow } from "../../shell/clock.tsx";
import styles from "./compare.module.css";
import {
  diffValues,
  isCut,
  isDifferent,
  isRowDifferent,
  isUnknown,
  type StepRow,
  stepRows,
  tookMs,
  type ValueDiff,
} from "./diff.ts";
import { findRun, lastGood } from "./find.ts";
import { Values } from "./values.tsx";

/** Two runs side by side: where do they part, and by what? */
export function ComparePage() {
  const search = useSearch({ from: "/compare" });
  const navigate = useNavigate({ from: "/compare" });
  const foundA = useQuery(findRun(search.a));
  const a = useQuery({ ...reads.run(foundA.data ?? ""), enabled: foundA.data !== undefined });
  const foundB = useQuery(findRun(search.b));
  const good = useQuery({ ...lastGood(a.data), enabled: search.b === undefined && a.data !== undefined });
  const idB = search.b === undefined ? (good.data ?? undefined) : foundB.data;
  const b = useQuery({ ...reads.run(idB ?? ""), enabled: idB !== undefined });
  useLive(foundA.data);
  useLive(idB);
  return (
    <Page>
      <Head title="Compare" about={search.b === undefined ? "with the last completed run" : undefined}>
        {a.data === undefined || b.data === undefined ? null : (
          <Button onClick={() => void navigate({ search: { a: b.data?.id, b: a.data?.id }, replace: true })}>
            Swap sides
          </Button>
        )}
      </Head>
      <Choose
        key={`${search.a} ${search.b}`}
        a={search.a}
        b={search.b ?? idB}
        onChoose={(next) => void navigate({ search: next })}
      />
      {search.a === undefined ? (
        <Empty title="Choose two runs">
          <p>
            Ids, beginnings of ids, or business keys. A run's page leads here with its key d, a cause with its newest
            run.
          </p>
        </Empty>
      ) : foundA.isError ? (
        <Problem error={foundA.error} />
      ) : (
        <Loaded of={a} rows={6}>
          {(one) =>
            search.b !== undefined && foundB.isError ? (
              <Problem error={foundB.error} />
            ) : search.b === undefined && good.data === null ? (
              <NoPartner run={one} />
            ) : good.isError ? (
              <Problem error={good.error} onRetry={() => void good.refetch()} />
            ) : (
              <Loaded of={b} rows={6}>
                {(two) => <Both a={one} b={two} />}
              </Loaded>
            )
          }
        </Loaded>
      )}
    </Page>
  );
}

function useLive(id: string | undefined): void {
  useEffect(() => (id === undefined ? undefined : live.want(`run:${id}`)), [id]);
}

function Choose({
  a,
  b,
  onChoose,
}: {
  a: string | undefined;
  b: string | undefined;
  onChoose: (next: { a?: string; b?: string }) => void;
}) {
  const choose = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string): string | undefined => String(given.get(name) ?? "").trim() || undefined;
    onChoose({ a: text("a"), b: text("b") });
  };
  return (
    <form className={styles.choose} onSubmit={choose}>
      <label>
        <span>Run A: id or key</span>
        <input name="a" className={partStyles.input} defaultValue={a} spellCheck={false} autoComplete="off" />
      </label>
      <label>
        <span>Run B; empty: the last completed one</span>
        <input key={b} name="b" className={partStyles.input} defaultValue={b} spellCheck={false} autoComplete="off" />
      </label>
      <Button type="submit">Compare</Button>
    </form>
  );
}

function NoPartner({ run }: { run: RunDetail }) {
  return (
    <Empty title={`No other run of ${run.name} v${run.version} has completed yet`}>
      <p>
        There is nothing good to compare{" "}
        <Link to="/runs/$id" params={{ id: run.id }}>
          {run.key ?? run.id}
        </Link>{" "}
        with. Name another run above, for example one of{" "}
        <Link to="/runs" search={{ q: `name:${run.name} status:completed` }}>
          its other versions
        </Link>
        .
      </p>
    </Empty>
  );
}

function Both({ a, b }: { a: RunDetail; b: RunDetail }) {
  if (a.id === b.id) return <Empty title="This is the same run twice">Name another one above.</Empty>;
  const rows = stepRows(a.steps, b.steps);
  const input = diffValues(a.input, b.input);
  const output = diffValues(a.output, b.output);
  return (
    <>
      <Verdict a={a} b={b} rows={rows} input={input} />
      <div className={`${partStyles.panel} ${partStyles.scrollX}`}>
        <table className={`${partStyles.table} ${partStyles.cards} ${styles.facts}`}>
          <caption className="visually-hidden">The two runs</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">What</span>
              </th>
              <th scope="col">A</th>
              <th scope="col">B</th>
            </tr>
          </thead>
          <tbody>
            {(
              [
                ["Run", (run) => <RunLink run={run} />],
                ["Status", (run) => <Stands run={run} />],
                ["Version", (run) => <Version run={run} a={a} b={b} />],
                ["Started", (run) => <Moment at={run.createdAt} />],
                [
                  "Took",
                  (run) => (
                    <>
                      {runTook(run)} · busy {duration(run.busyMs)}
                    </>
                  ),
                ],
              ] as const satisfies readonly (readonly [string, (run: RunDetail) => React.ReactNode])[]
            ).map(([name, show]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td data-label="A">
                  <span>{show(a)}</span>
                </td>
                <td data-label="B">
                  <span>{show(b)}</span>
                </td>
              </tr>
            ))}
            <tr>
              <th scope="row">Input</th>
              <td colSpan={2}>
                <Values diff={input} />
              </td>
            </tr>
            <tr>
              <th scope="row">Output</th>
              <td colSpan={2}>
                <Values diff={output} />
              </td>
            </tr>
          </tbody>
        </table>
      </div>
      <h2>Steps</h2>
      {isCut(a) || isCut(b) ? (
        <p className={partStyles.muted}>The first 200 steps of each are compared here; there are more.</p>
      ) : null}
      {rows.length === 0 ? <Empty title="Neither has taken a step yet" /> : <Steps rows={rows} />}
    </>
  );
}

function runTook({ createdAt, endedAt }: RunDetail): string {
  return duration((endedAt === null ? serverNow() : Date.parse(endedAt)) - Date.parse(createdAt));
}

function RunLink({ run }: { run: RunDetail }) {
  return (
    <>
      <Link to="/runs/$id" params={{ id: run.id }}>
        {run.key === null ? run.name : `${run.name} ${run.key}`}
      </Link>{" "}
      <code className={partStyles.muted}>{run.id}</code>
    </>
  );
}

function Stands({ run }: { run: RunDetail }) {
  return (
    <>
      <RunPill run={run} /> {whyText(run, serverNow())}
    </>
  );
}

function Version({ run, a, b }: { run: RunDetail; a: RunDetail; b: RunDetail }) {
  const versions = { a: String(b.version), b: String(a.version) };
  if (run !== a || a.name !== b.name || a.version === b.version) return <>v{run.version}</>;
  return (
    <>
      v{run.version} ·{" "}
      <Link to="/workflows/$name/versions" params={{ name: a.name }} search={versions}>
        what changed since v{b.version}
      </Link>
    </>
  );
}

/** Where they part, in a sentence or two. */
function Verdict({ a, b, rows, input }: { a: RunDetail; b: RunDetail; rows: readonly StepRow[]; input: ValueDiff }) {
  const parts = rows.find((row) => row.isElsewhere);
  const first = rows.find(isRowDifferent);
  const isOther = a.name !== b.name;
  return (
    <Card label="Where they part">
      <p>
        <strong>
          {parts !== undefined
            ? `They part at ${parts.key}: ${sideWords(parts)}.`
            : a.status === b.status
              ? "They took the same way."
              : `They took the same steps, yet A is ${shownStatus(a).word.toLowerCase()} and B ${shownStatus(b).word.toLowerCase()}.`}
        </strong>
      </p>
      <p>
        {isOther ? `They are runs of different workflows, ${a.name} and ${b.name}. ` : ""}
        {!isOther && a.version !== b.version ? `Their versions differ, v${a.version} and v${b.version}. ` : ""}
        {inputWords(input)}{" "}
        {first === undefined
          ? rows.some(isUnknown)
            ? "No step is known to differ; some values are too large to be compared here."
            : "No step differs."
          : first === parts
            ? "Up to there no step differs."
            : `The first step that differs is ${first.key}: its ${isDifferent(first.input) ? "input" : "output"}.`}
      </p>
    </Card>
  );
}

function inputWords(input: ValueDiff): string {
  if (isDifferent(input)) return "Their inputs differ.";
  return input.kind === "same" ? "Their inputs are the same." : "Their inputs are too large to be compared here.";
}

function sideWords({ a, b }: StepRow): string {
  if (a === null) return "A has not come to it, B has";
  if (b === null) return "B has not come to it, A has";
  return `${stepStatus[a.status].word.toLowerCase()} in A, ${stepStatus[b.status].word.toLowerCase()} in B`;
}

function Steps({ rows }: { rows: readonly StepRow[] }) {
  const [isAll, setAll] = useState(true);
  const differing = rows.filter(isRowDifferent);
  const shown = isAll || differing.length === 0 ? rows : differing;
  return (
    <>
      {differing.length === 0 || differing.length === rows.length ? null : (
        <label className={pageStyles.line}>
          <input type="checkbox" checked={!isAll} onChange={(event) => setAll(!event.target.checked)} />
          Only the {plural(differing.length, "step")} that {differing.length === 1 ? "differs" : "differ"}
        </label>
      )}
      <div className={`${partStyles.panel} ${partStyles.scrollX}`}>
        <table className={`${partStyles.table} ${partStyles.cards} ${styles.steps}`}>
          <caption className="visually-hidden">Steps of both runs</caption>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">A</th>
              <th scope="col">B</th>
              <th scope="col" data-number={true}>
                Time, A against B
              </th>
              <th scope="col">Input</th>
              <th scope="col">Output</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.key} data-differs={isRowDifferent(row)}>
                <th scope="row">
                  {row.key}
                  {isRowDifferent(row) ? <span className={styles.mark}> ≠ differs</span> : null}
                </th>
                <td data-label="A">
                  {row.a === null ? (
                    <span className={partStyles.muted}>not there</span>
                  ) : (
                    <StepPill status={row.a.status} />
                  )}
                </td>
                <td data-label="B">
                  {row.b === null ? (
                    <span className={partStyles.muted}>not there</span>
                  ) : (
                    <StepPill status={row.b.status} />
                  )}
                </td>
                <td data-label="Time, A against B" data-number={true}>
                  <Delta row={row} />
                </td>
                <td data-label="Input">
                  <Values diff={row.input} />
                </td>
                <td data-label="Output">
                  <Values diff={row.output} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Delta({ row: { a, b } }: { row: StepRow }) {
  const [one, two] = [a === null ? null : tookMs(a), b === null ? null : tookMs(b)];
  if (one === null || two === null) return <span className={partStyles.muted}>–</span>;
  const by = one - two;
  return (
    <span title={`${duration(one)} in A, ${duration(two)} in B`}>
      {by === 0 ? "the same" : `${by > 0 ? "+" : "−"}${duration(Math.abs(by))}`}
    </span>
  );
}
