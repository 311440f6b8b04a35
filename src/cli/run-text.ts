import { formatDuration } from "../stdx/duration.ts";
import type { RunDetail, RunSummary } from "../wire/run.ts";
import type { RunError } from "../wire/run-error.ts";
import type { Attempt, Step } from "../wire/step.ts";
import { ago, type Column, colourOfStatus, jsonText, type Paint, plain, table } from "./text.ts";

interface Style {
  readonly paint: Paint;
  readonly width: number | null;
}

/** A list of runs, in the columns of the console. */
export function runTable(runs: readonly RunSummary[], now: number, style: Style): string[] {
  const columns: readonly Column<RunSummary>[] = [
    { head: "RUN", cell: (run) => run.id },
    { head: "STATUS", cell: (run) => run.status, colour: (run) => colourOfStatus(run.status) },
    { head: "WORKFLOW", cell: (run) => `${run.name} v${run.version}` },
    { head: "KEY", cell: (run) => run.key ?? "-" },
    { head: "STARTED", cell: (run) => ago(run.createdAt, now) },
    { head: "WHY", cell: (run) => run.reasonText ?? "" },
  ];
  return table(columns, runs, style);
}

/** A run in detail: status with its reason, steps with attempts, and the possible next commands. */
export function runPage(run: RunDetail, style: Style): string[] {
  const { paint } = style;
  const facts: [string, string][] = [
    ["run", run.id],
    ["workflow", `${run.name} v${run.version}`],
    ...(run.key === null ? [] : ([["key", run.key]] as [string, string][])),
    ["started", `${run.createdAt} by ${starter(run.startedBy)}`],
    ...(run.endedAt === null
      ? []
      : ([["ended", `${run.endedAt} after ${took(run.createdAt, run.endedAt)}`]] as [string, string][])),
    ["input", brief(run.input)],
    ...(run.status === "completed" ? ([["output", brief(run.output)]] as [string, string][]) : []),
  ];
  return [
    `${paint(colourOfStatus(run.status), run.status)}${run.reasonText === null ? "" : `  ${plain(run.reasonText)}`}`,
    "",
    ...facts.map(([name, value]) => `${paint("grey", name.padEnd(9))} ${plain(value)}`),
    "",
    ...(run.steps.length === 0 ? ["no steps yet"] : stepTable(run.steps, style)),
    ...(run.stepCount > run.steps.length && run.steps.length >= 200
      ? [`first ${run.steps.length} of ${run.stepCount}`]
      : []),
    ...(run.verbs.length === 0 ? [] : ["", ...nextLines(run, paint)]),
  ];
}

function starter({ by, schedule, scheduledAt }: RunDetail["startedBy"]): string {
  if (schedule === undefined) return by;
  const who = by === "schedule" ? "" : `${by}, `;
  return `${who}schedule ${schedule}${scheduledAt === undefined ? ", started by hand" : ` for ${scheduledAt}`}`;
}

/** The possible next actions, as commands to copy. */
function nextLines(run: RunDetail, paint: Paint): string[] {
  return verbCommands(run).map((command, i) => `${paint("grey", (i === 0 ? "next" : "").padEnd(9))} ${command}`);
}

export function verbCommands(run: RunDetail): string[] {
  return run.verbs.map((verb) => `baton ${verb} ${run.id}${verb === "restart" ? " --from <step>" : ""}`);
}

interface Line {
  readonly status: string;
  readonly name: string;
  readonly attempt: string;
  readonly took: string;
  readonly what: string;
}

function stepTable(steps: readonly Step[], style: Style): string[] {
  const columns: readonly Column<Line>[] = [
    { head: "STEP", cell: (line) => line.name },
    { head: "STATUS", cell: (line) => line.status, colour: (line) => colourOfStatus(line.status) },
    { head: "ATTEMPT", cell: (line) => line.attempt },
    { head: "TOOK", cell: (line) => line.took },
    { head: "RESULT", cell: (line) => line.what },
  ];
  return table(columns, steps.flatMap(stepLines), style);
}

/** One line per step, and one for each earlier attempt. */
function stepLines(step: Step): Line[] {
  const last = step.attempts.at(-1);
  const earlier = step.attempts.slice(0, -1);
  return [
    ...earlier.map((attempt) => attemptLine(step, attempt)),
    {
      name: step.key,
      status: step.status,
      attempt: last === undefined ? "-" : String(last.number),
      took: tookOf(last ?? step),
      what: resultOf(step),
    },
  ];
}

function attemptLine(step: Step, attempt: Attempt): Line {
  return {
    name: step.key,
    status: attempt.status,
    attempt: String(attempt.number),
    took: tookOf(attempt),
    what: attempt.error === null ? "" : errorLine(attempt.error),
  };
}

function resultOf(step: Step): string {
  if (step.error !== null) return errorLine(step.error);
  if (step.status === "completed") return brief(step.output);
  return step.progress?.share == null ? "" : `${Math.round(step.progress.share * 100)} % ${step.progress.note ?? ""}`;
}

/** One line about a step that has just changed. */
export function stepLine(step: Step, paint: Paint): string {
  const last = step.attempts.at(-1);
  const tries = last !== undefined && last.number > 1 ? `  attempt ${last.number}` : "";
  const result = step.error === null ? "" : `  ${plain(errorLine(step.error))}`;
  return `${paint(colourOfStatus(step.status), step.status.padEnd(9))}  ${plain(step.key)}${tries}${result}`;
}

export function errorLine(error: RunError): string {
  return `${error.code === undefined ? "" : `[${error.code}] `}${error.message}`;
}

function tookOf(span: { startedAt: string | null; endedAt: string | null }): string {
  return span.startedAt === null || span.endedAt === null ? "-" : took(span.startedAt, span.endedAt);
}

function took(from: string, to: string): string {
  return formatDuration(Date.parse(to) - Date.parse(from));
}

/** Long values are for `--json`. */
const briefMax = 200;

function brief(value: unknown): string {
  const text = jsonText(value);
  return text.length > briefMax ? `${text.slice(0, briefMax)}…` : text;
}
