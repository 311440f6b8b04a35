/**
 * The workflow that `npm start` runs: a copy that you can edit while Baton watches it, so that the repository does not
 * change. It is created once, and your changes are kept.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

const EXAMPLE = resolve(import.meta.dirname, "..");
const NAME = "customer-onboarding.ts";

const NOTE = `/**
 * Your own copy of examples/customer-onboarding/workflow.ts. Edit it while Baton is running, and new runs get a new
 * version. Delete it to get a fresh copy at the next npm start.
 */
`;

/** The folder that Baton watches: `ONBOARDING_WORKFLOWS`, or the one that `npm start` creates here. */
export function workflowsFolder(): string {
  return resolve(process.env["ONBOARDING_WORKFLOWS"] ?? ".baton/workflows");
}

export function workingCopyIn(folder: string): string {
  return join(folder, NAME);
}

/** Creates the copy if it does not exist. It imports its modules from the example. */
export function makeWorkingCopy(folder: string): string {
  const file = workingCopyIn(folder);
  if (existsSync(file)) return file;
  const source = readFileSync(join(EXAMPLE, "workflow.ts"), "utf8");
  const toExample = relative(folder, EXAMPLE).split(sep).join("/");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, NOTE + source.replaceAll(/from "\.\//g, `from "${toExample}/`));
  return file;
}

/** The step that the guide adds before the end of the run. */
const STEP = `    await ctx.step(
      "announce customer",
      (attempt) => mail.send({ to: "all@baton.example", subject: "A new customer", text: company }, attempt),
      options,
    );
`;
const STEP_NAME = '"announce customer"';
const END = /^ {4}return \{ project, account/m;

/** Why the step cannot be added to the file; null if it can. */
export function whyStepCannotBeAdded(file: string): string | null {
  const source = read(file);
  if (source.includes(STEP_NAME)) return `the file already has the step ${STEP_NAME}: remove it first`;
  return END.test(source)
    ? null
    : `the end of ${relativePath(file)} was edited: edit it by hand, or delete the file and run npm start again`;
}

/** Why the step cannot be removed from the file; null if it can. */
export function whyStepCannotBeRemoved(file: string): string | null {
  const source = read(file);
  if (source.includes(STEP)) return null;
  if (source.includes(STEP_NAME)) return `the step ${STEP_NAME} was edited by hand: remove it by hand`;
  return `the file does not have the step ${STEP_NAME}: add it first`;
}

export function addStep(file: string): void {
  const source = read(file);
  writeFileSync(
    file,
    source.replace(END, (end) => STEP + end),
  );
}

export function removeStep(file: string): void {
  writeFileSync(file, read(file).replace(STEP, ""));
}

function read(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8");
  throw new Error(`${relativePath(file)} does not exist: run npm start to create it`);
}

/** The path relative to the current folder, for messages. */
export function relativePath(file: string): string {
  return relative("", file);
}
