/** Prints a run in a terminal: one line per step, when the step has its result. */

import type { Deal } from "../deal.ts";
import type { RunView, StepView } from "../processes/api.ts";

const NAME_WIDTH = 24;
const STATUS_WIDTH = 11;

/** Writes one indented line. */
export function say(line = ""): void {
  process.stdout.write(line === "" ? "\n" : `  ${line}\n`);
}

/** A line of a table: a name, a status and a text. */
export function row(name: string, status: string, text: string): string {
  return `${name.padEnd(NAME_WIDTH)}${status.padEnd(STATUS_WIDTH)}${text}`.trimEnd();
}

/** A line of a table without a status. */
export function fact(name: string, text: string): string {
  return `${name.padEnd(NAME_WIDTH)}${text}`;
}

/** Describes a deal in one line. */
export function describeDeal({ dealId, company, tier, region }: Deal): string {
  return `${dealId}, ${company}, ${tier}, ${region}`;
}

/** Prints each step once, when it has completed or failed, and each failed attempt. */
export function stepPrinter(): (run: RunView) => void {
  const printed = new Set<string>();
  const once = (id: string, line: string): void => {
    if (printed.has(id)) return;
    printed.add(id);
    say(line);
  };
  return (run) => {
    for (const step of run.steps) {
      for (const { number, error } of step.attempts) {
        if (error !== null) once(`${step.key}/${number}`, row(step.name, `attempt ${number}`, error.message));
      }
      if (step.status === "completed") once(step.key, row(step.name, step.status, describeOutput(step)));
      if (step.status === "failed")
        once(step.key, row(step.name, step.status, `after ${step.attempts.length} attempts`));
    }
  };
}

/** The values of a step's output, without the password: terminals keep their output. */
function describeOutput({ output }: StepView): string {
  if (typeof output !== "object" || output === null) return String(output ?? "");
  return Object.entries(output)
    .map(([name, value]) => (name === "password" ? "(password)" : String(value)))
    .join("  ");
}
