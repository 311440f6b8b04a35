/**
 * The workflow as `npm start` runs it: a copy that may be changed at will while Baton watches it, so that the repository
 * stays as it is. It is made once; what somebody has changed in it stays changed.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

const EXAMPLE = resolve(import.meta.dirname, "..");
const NAME = "customer-onboarding.ts";

const NOTE = `/**
 * Your own copy of examples/customer-onboarding/workflow.ts: change it while Baton runs, and new runs get a new version.
 * Delete it to begin again with the example's at the next npm start.
 */
`;

/** The folder that Baton watches: `ONBOARDING_WORKFLOWS`, or the one that `npm start` makes here. */
export function workflowsFolder(): string {
  return resolve(process.env["ONBOARDING_WORKFLOWS"] ?? ".baton/workflows");
}

export function workingCopyIn(folder: string): string {
  return join(folder, NAME);
}

/** Makes the copy, unless it is there. All that it imports stays in the example. */
export function makeWorkingCopy(folder: string): string {
  const file = workingCopyIn(folder);
  if (existsSync(file)) return file;
  const source = readFileSync(join(EXAMPLE, "workflow.ts"), "utf8");
  const toExample = relative(folder, EXAMPLE).split(sep).join("/");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, NOTE + source.replaceAll(/from "\.\//g, `from "${toExample}/`));
  return file;
}

/** The step that the guide adds; it stands before the end of the run. */
const STEP = `    await ctx.step(
      "announce customer",
      (attempt) => mail.send({ to: "all@baton.example", subject: "A new customer", text: company }, attempt),
      options,
    );
`;
const NAME_OF_STEP = '"announce customer"';
const END = /^ {4}return \{ project, account/m;

/** Why the step cannot be added to the file as it is; null: it can. */
export function whyNoStepToAdd(file: string): string | null {
  const source = read(file);
  if (source.includes(NAME_OF_STEP)) return `the file has the step ${NAME_OF_STEP} already: take it out first`;
  return END.test(source)
    ? null
    : `${shown(file)} does not end as it did: change it by hand, or delete it and start again`;
}

export function whyNoStepToRemove(file: string): string | null {
  const source = read(file);
  if (source.includes(STEP)) return null;
  if (source.includes(NAME_OF_STEP)) return `the step ${NAME_OF_STEP} was changed by hand: take it out by hand`;
  return `the file has no step ${NAME_OF_STEP}: add it first`;
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
  throw new Error(`${shown(file)} is not there: npm start makes it`);
}

/** As a person in this folder names it. */
export function shown(file: string): string {
  return relative("", file);
}
