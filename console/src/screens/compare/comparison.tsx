import { Link } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import { baseStyles, RunPill } from "../../components/basics.tsx";
import { RunLink } from "../../components/page.tsx";
import { runReasonText } from "../../components/run-reason.tsx";
import { Empty } from "../../components/states.tsx";
import { formatDuration } from "../../components/time.ts";
import { serverNow, Timestamp } from "../../shell/clock.tsx";
import styles from "./compare.module.css";
import { diffValues, hasMoreSteps, stepRows } from "./diff.ts";
import { Steps } from "./steps.tsx";
import { Values } from "./values.tsx";
import { Verdict } from "./verdict.tsx";

/** The comparison of two runs: verdict, properties, steps and values. */
export function Comparison({ a, b }: { a: RunDetail; b: RunDetail }) {
  if (a.id === b.id) return <Empty title="Both are the same run">Enter a different run above.</Empty>;
  const rows = stepRows(a.steps, b.steps);
  const input = diffValues(a.input, b.input);
  const output = diffValues(a.output, b.output);
  return (
    <>
      <Verdict a={a} b={b} rows={rows} input={input} />
      <div className={`${baseStyles.panel} ${baseStyles.scrollX}`}>
        <table className={`${baseStyles.table} ${baseStyles.cards} ${styles.facts}`}>
          <caption className="visually-hidden">The two runs</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Property</span>
              </th>
              <th scope="col">A</th>
              <th scope="col">B</th>
            </tr>
          </thead>
          <tbody>
            {(
              [
                ["Run", (run) => <RunName run={run} />],
                ["Status", (run) => <RunStatus run={run} />],
                ["Version", (run) => <Version run={run} a={a} b={b} />],
                ["Started", (run) => <Timestamp at={run.createdAt} />],
                [
                  "Duration",
                  (run) => (
                    <>
                      {runDuration(run)} · active {formatDuration(run.busyMs)}
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
      {hasMoreSteps(a) || hasMoreSteps(b) ? (
        <p className={baseStyles.muted}>Only the first 200 steps of each run are compared.</p>
      ) : null}
      {rows.length === 0 ? <Empty title="Neither run has any steps yet" /> : <Steps rows={rows} />}
    </>
  );
}

function runDuration({ createdAt, endedAt }: RunDetail): string {
  return formatDuration((endedAt === null ? serverNow() : Date.parse(endedAt)) - Date.parse(createdAt));
}

function RunName({ run }: { run: RunDetail }) {
  return (
    <>
      <RunLink id={run.id}>{run.key === null ? run.name : `${run.name} ${run.key}`}</RunLink>{" "}
      <code className={baseStyles.muted}>{run.id}</code>
    </>
  );
}

function RunStatus({ run }: { run: RunDetail }) {
  return (
    <>
      <RunPill run={run} /> {runReasonText(run, serverNow())}
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
        changes since v{b.version}
      </Link>
    </>
  );
}
