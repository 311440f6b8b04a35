import { useState } from "react";
import { baseStyles, StepPill } from "../../components/basics.tsx";
import { pageStyles } from "../../components/page.tsx";
import { Table } from "../../components/table.tsx";
import { plural } from "../../components/text.ts";
import { formatDuration } from "../../components/time.ts";
import styles from "./compare.module.css";
import { isRowDifferent, type StepRow, stepDurationMs } from "./diff.ts";
import { Values } from "./values.tsx";

/** The steps of both runs, side by side. */
export function Steps({ rows }: { rows: readonly StepRow[] }) {
  const [isAll, setAll] = useState(true);
  const differing = rows.filter(isRowDifferent);
  const shown = isAll || differing.length === 0 ? rows : differing;
  return (
    <>
      {differing.length === 0 || differing.length === rows.length ? null : (
        <label className={pageStyles.line}>
          <input type="checkbox" checked={!isAll} onChange={(event) => setAll(!event.target.checked)} />
          Show only the {plural(differing.length, "step")} that {differing.length === 1 ? "differs" : "differ"}
        </label>
      )}
      <Table
        caption="Steps of both runs"
        columns={["Step", "A", "B", { name: "Duration, A vs. B", isNumber: true }, "Input", "Output"]}
        className={styles.steps}
      >
        {shown.map((row) => (
          <tr key={row.key} data-differs={isRowDifferent(row)}>
            <th scope="row">
              {row.key}
              {isRowDifferent(row) ? <span className={styles.mark}> ≠ differs</span> : null}
            </th>
            <td data-label="A">
              {row.a === null ? <span className={baseStyles.muted}>not run</span> : <StepPill status={row.a.status} />}
            </td>
            <td data-label="B">
              {row.b === null ? <span className={baseStyles.muted}>not run</span> : <StepPill status={row.b.status} />}
            </td>
            <td data-label="Duration, A vs. B" data-number={true}>
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
      </Table>
    </>
  );
}

function Delta({ row: { a, b } }: { row: StepRow }) {
  const [one, two] = [a === null ? null : stepDurationMs(a), b === null ? null : stepDurationMs(b)];
  if (one === null || two === null) return <span className={baseStyles.muted}>–</span>;
  const by = one - two;
  return (
    <span title={`${formatDuration(one)} in A, ${formatDuration(two)} in B`}>
      {by === 0 ? "same" : `${by > 0 ? "+" : "−"}${formatDuration(Math.abs(by))}`}
    </span>
  );
}
