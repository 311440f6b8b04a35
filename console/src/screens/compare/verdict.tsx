import type { RunDetail } from "@wire/run.ts";
import { Card } from "../../components/page.tsx";
import { statusBadge, stepStatus } from "../../components/status.ts";
import { isDifferent, isRowDifferent, isUnknown, type StepRow, type ValueDiff } from "./diff.ts";

/** The first difference, in one or two sentences. */
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
  const parts = rows.find((row) => row.isStatusDifferent);
  const first = rows.find(isRowDifferent);
  const isOther = a.name !== b.name;
  return (
    <Card label="First difference">
      <p>
        <strong>
          {parts !== undefined
            ? `First difference: ${stepText(parts)}.`
            : a.status === b.status
              ? "Both runs took the same path."
              : `Both runs took the same steps, but the status differs: A ${statusBadge(a).label.toLowerCase()}, B ${statusBadge(b).label.toLowerCase()}.`}
        </strong>
      </p>
      <p>
        {isOther ? `The workflows differ: ${a.name} and ${b.name}. ` : ""}
        {!isOther && a.version !== b.version ? `The versions differ: v${a.version} and v${b.version}. ` : ""}
        {inputText(input)}{" "}
        {first === undefined
          ? rows.some(isUnknown)
            ? "No step is known to differ; some values are too large to compare here."
            : "No step differs."
          : first === parts
            ? "No earlier step differs."
            : `The first step with different data is ${first.key} (${isDifferent(first.input) ? "input" : "output"}).`}
      </p>
    </Card>
  );
}

function inputText(input: ValueDiff): string {
  if (isDifferent(input)) return "The inputs differ.";
  return input.kind === "same" ? "The inputs are the same." : "The inputs are too large to compare here.";
}

function stepText({ key, a, b }: StepRow): string {
  if (a === null) return `only B ran ${key}`;
  if (b === null) return `only A ran ${key}`;
  return `${key} (${stepStatus[a.status].label.toLowerCase()} in A, ${stepStatus[b.status].label.toLowerCase()} in B)`;
}
