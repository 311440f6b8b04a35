import { useState } from "react";
import { pageStyles } from "../../parts/page.tsx";
import { partStyles, StepPill } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";
import { duration } from "../../parts/time.ts";
import { plural } from "../../parts/words.ts";
import styles from "./compare.module.css";
import { isRowDifferent, type StepRow, tookMs } from "./diff.ts";
import { Values } from "./values.tsx";

/** The steps of both, side by side. */
export function Steps({ rows }: { rows: readonly StepRow[] }) {
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
      <Table
        caption="Steps of both runs"
        columns={["Step", "A", "B", { name: "Time, A against B", isNumber: true }, "Input", "Output"]}
        look={styles.steps}
      >
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
      </Table>
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
