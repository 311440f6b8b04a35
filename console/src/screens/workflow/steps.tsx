import type { RecentRuns } from "@wire/definition.ts";
import { pageStyles, Section } from "../../parts/page.tsx";
import { partStyles } from "../../parts/parts.tsx";
import { duration } from "../../parts/time.ts";
import { count } from "../../parts/words.ts";
import { shareText } from "../workflows/group.ts";
import { newestWords } from "./figures.tsx";
import styles from "./workflow.module.css";

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
        <div className={partStyles.scrollX}>
          <table className={`${partStyles.table} ${partStyles.cards}`}>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col" data-number={true}>
                  Recorded
                </th>
                <th scope="col" data-number={true}>
                  p50
                </th>
                <th scope="col" data-number={true}>
                  p95
                </th>
                <th scope="col" data-number={true}>
                  Retried
                </th>
                <th scope="col" data-number={true}>
                  Failed
                </th>
              </tr>
            </thead>
            <tbody>
              {recent.steps.map((step) => (
                <tr key={step.name} data-selected={step.name === selected}>
                  <th scope="row">
                    <button type="button" className={styles.stepName} onClick={() => onSelect(step.name)}>
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
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function partOf(part: number, whole: number): string {
  return part === 0 ? "0" : `${count(part)} (${shareText({ completed: part, ended: whole })})`;
}
