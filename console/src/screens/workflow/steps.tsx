import type { RecentRuns } from "@wire/definition.ts";
import { baseStyles } from "../../components/basics.tsx";
import { pageStyles, Section } from "../../components/page.tsx";
import { Table } from "../../components/table.tsx";
import { formatNumber } from "../../components/text.ts";
import { formatDuration } from "../../components/time.ts";
import { shareText } from "../workflows/group.ts";
import { sampleText } from "./figures.tsx";

/** Durations and failure rates of each step. */
export function Steps({
  recent,
  selected,
  onSelect,
}: {
  recent: RecentRuns;
  selected: string | null;
  onSelect: (step: string) => void;
}) {
  return (
    <Section title="Steps" about={recent.sampled === 0 ? undefined : sampleText(recent.sampled)}>
      {recent.steps.length === 0 ? (
        <div className={pageStyles.padded}>
          <p className={baseStyles.muted}>No figures until a run has ended.</p>
        </div>
      ) : (
        <Table
          columns={[
            "Step",
            { name: "Recorded", isNumber: true },
            { name: "p50", isNumber: true },
            { name: "p95", isNumber: true },
            { name: "Retried", isNumber: true },
            { name: "Failed", isNumber: true },
          ]}
          isBare={true}
        >
          {recent.steps.map((step) => (
            <tr key={step.name} data-selected={step.name === selected}>
              <th scope="row">
                <button type="button" className={baseStyles.asLink} onClick={() => onSelect(step.name)}>
                  {step.name}
                </button>
              </th>
              <td data-label="Recorded" data-number={true}>
                {formatNumber(step.count)}
              </td>
              <td data-label="p50" data-number={true}>
                {formatDuration(step.p50Ms)}
              </td>
              <td data-label="p95" data-number={true}>
                {formatDuration(step.p95Ms)}
              </td>
              <td data-label="Retried" data-number={true}>
                {partOf(step.retried, step.count)}
              </td>
              <td data-label="Failed" data-number={true}>
                <span className={step.failed > 0 ? baseStyles.wrong : undefined}>
                  {partOf(step.failed, step.count)}
                </span>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function partOf(part: number, whole: number): string {
  return part === 0 ? "0" : `${formatNumber(part)} (${shareText({ completed: part, ended: whole })})`;
}
