import type { RecentRuns } from "@wire/definition.ts";
import { pageStyles, Section } from "../../parts/page.tsx";
import { partStyles } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";
import { duration } from "../../parts/time.ts";
import { count } from "../../parts/words.ts";
import { shareText } from "../workflows/group.ts";
import { newestWords } from "./figures.tsx";

/** How long each step takes, and how often it fails. */
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
    <Section title="Steps" about={recent.sampled === 0 ? undefined : newestWords(recent.sampled)}>
      {recent.steps.length === 0 ? (
        <div className={pageStyles.padded}>
          <p className={partStyles.muted}>Figures come with the first run that ends.</p>
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
                <button type="button" className={partStyles.asLink} onClick={() => onSelect(step.name)}>
                  {step.name}
                </button>
              </th>
              <td data-label="Recorded" data-number={true}>
                {count(step.count)}
              </td>
              <td data-label="p50" data-number={true}>
                {duration(step.p50Ms)}
              </td>
              <td data-label="p95" data-number={true}>
                {duration(step.p95Ms)}
              </td>
              <td data-label="Retried" data-number={true}>
                {partOf(step.retried, step.count)}
              </td>
              <td data-label="Failed" data-number={true}>
                <span className={step.failed > 0 ? partStyles.wrong : undefined}>
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
  return part === 0 ? "0" : `${count(part)} (${shareText({ completed: part, ended: whole })})`;
}
