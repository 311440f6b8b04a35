/**
 * What must be true after the storm, checked against three independent sources: what Baton acknowledged, what Baton
 * recorded (run details) and what the five systems did (their own logs).
 */
import type { RunView } from "../../examples/customer-onboarding/processes/api.ts";
import { SYSTEM_NAMES, type SystemName } from "../../examples/customer-onboarding/systems/directory.ts";
import type { LoggedOperation } from "../../examples/customer-onboarding/systems/ledger.ts";
import type { Witnesses } from "./witnesses.ts";

const STEPS = [
  "create project",
  "provision account",
  "send welcome mail",
  "assign success manager",
  "schedule kickoff",
] as const;

/** Each line is one broken guarantee; a correct engine leaves none. */
export function findProblems(runs: readonly RunView[], witnesses: Witnesses): string[] {
  return [
    ...runs.flatMap(problemsOfRun),
    ...SYSTEM_NAMES.flatMap((name) => problemsOfLog(name, witnesses.operations(name), runs)),
  ];
}

function problemsOfRun(run: RunView): string[] {
  if (run.status !== "completed")
    return [`run ${run.id} is ${run.status}: ${run.error?.code ?? ""} ${run.error?.message ?? ""}`];
  const recorded = run.steps.filter((step) => step.status === "completed" && step.output !== null);
  const names = recorded.map((step) => step.name);
  const isWhole = recorded.length === run.steps.length && names.toSorted().join() === STEPS.toSorted().join();
  return isWhole ? [] : [`run ${run.id} does not have one result for each step: ${names.join(", ")}`];
}

function problemsOfLog(name: SystemName, operations: readonly LoggedOperation[], runs: readonly RunView[]): string[] {
  const problems: string[] = [];
  if (operations.length !== runs.length)
    problems.push(`${name} acted ${operations.length} times for ${runs.length} runs`);
  for (const key of findRepeated(operations.map((operation) => operation.key)))
    problems.push(`${name} acted twice on ${key}`);
  const made = new Set(operations.map((operation) => operation.id));
  for (const run of runs) {
    const id = recordedId(name, run);
    if (!made.delete(id)) problems.push(`run ${run.id} recorded ${id}, which ${name} did not make for this run only`);
  }
  for (const id of made) problems.push(`${name} made ${id}, which no run recorded`);
  return problems;
}

/** The id of what this system made for the run, as the run recorded it. */
function recordedId(name: SystemName, run: RunView): string {
  const field = (step: (typeof STEPS)[number], key: string): string => {
    const output = run.steps.find((candidate) => candidate.name === step)?.output;
    return String((output as Record<string, unknown> | null | undefined)?.[key]);
  };
  const idOf: Record<SystemName, () => string> = {
    projects: () => field("create project", "id"),
    provisioning: () => field("provision account", "accountId"),
    mail: () => field("send welcome mail", "messageId"),
    crm: () => `${field("create project", "dealId")} to ${field("assign success manager", "managerId")}`,
    calendar: () => field("schedule kickoff", "id"),
  };
  return idOf[name]();
}

function findRepeated(keys: readonly string[]): Set<string> {
  const seen = new Set<string>();
  return new Set(keys.filter((key) => seen.size === seen.add(key).size));
}
