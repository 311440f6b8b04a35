import { Link } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import { RunLink } from "../../parts/page.tsx";
import { partStyles, RunPill } from "../../parts/parts.tsx";
import { Empty } from "../../parts/states.tsx";
import { duration } from "../../parts/time.ts";
import { whyText } from "../../parts/why.tsx";
import { Moment, serverNow } from "../../shell/clock.tsx";
import styles from "./compare.module.css";
import { diffValues, isCut, stepRows } from "./diff.ts";
import { Steps } from "./steps.tsx";
import { Values } from "./values.tsx";
import { Verdict } from "./verdict.tsx";

/** What differs, from the verdict down to the values. */
export function Both({ a, b }: { a: RunDetail; b: RunDetail }) {
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
                ["Run", (run) => <Named run={run} />],
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

function Named({ run }: { run: RunDetail }) {
  return (
    <>
      <RunLink id={run.id}>{run.key === null ? run.name : `${run.name} ${run.key}`}</RunLink>{" "}
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
