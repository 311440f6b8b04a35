import type { RunDetail } from "@wire/run.ts";
import { Card } from "../../parts/page.tsx";
import { shownStatus, stepStatus } from "../../parts/words.ts";
import { isDifferent, isRowDifferent, isUnknown, type StepRow, type ValueDiff } from "./diff.ts";

/** Where they part, in a sentence or two. */
export function Verdict({
  a,
  b,
  rows,
  input,
}: {
  a: RunDetail;
  b: RunDetail;
  rows: readonly StepRow[];
  input: ValueDiff;
}) {
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
