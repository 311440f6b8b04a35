/**
 * `npm run onboard`: onboards new deals with the Baton that `npm start` runs. With `--break`, provisioning fails for
 * these deals only, until their runs are dead letters. Then provisioning is repaired, and the runs can be resumed.
 */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Deal } from "./deal.ts";
import { type BreakMode, readArguments } from "./demo/arguments.ts";
import { freshDeal } from "./demo/deal.ts";
import { followRun } from "./demo/follow.ts";
import { describeDeal, fact, row, say, stepPrinter } from "./demo/print.ts";
import { readRecords } from "./demo/verification.ts";
import { type FindUrl, type RunView, startUntilAcknowledged } from "./processes/api.ts";
import { isHealthy, readOwner } from "./processes/baton.ts";
import { until } from "./processes/until.ts";
import { readSystemUrls } from "./systems/directory.ts";

/** Reads the owner file each time, because a restarted Baton may have another address. */
const findBaton: FindUrl = () => readOwner(resolve("baton.db"))?.url ?? null;

/** A Baton that was just killed is restarted after two seconds, and accepts requests about a second later. */
const RESTART_LIMIT_MS = 8_000;

try {
  const { breakMode, count } = readArguments(process.argv.slice(2));
  await requireBaton();
  const outcomes = await Promise.all(Array.from({ length: count }, () => onboard(freshDeal(), breakMode, count === 1)));
  if (breakMode !== null) sayWhatToDoNext(count);
  process.exitCode = outcomes.every(Boolean) ? 0 : 1;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function requireBaton(): Promise<void> {
  const isServing = async (): Promise<boolean> => {
    const url = findBaton();
    return url !== null && (await isHealthy(url));
  };
  const isExpected = findBaton() !== null;
  const limitMs = isExpected ? RESTART_LIMIT_MS : 0;
  await until(isServing, { what: "Baton accepts requests", limitMs }).catch((cause: unknown) => {
    throw new Error('Baton is not running in this folder: start it with "npm start"', { cause });
  });
}

/** Onboards one deal. Returns whether its run ended as expected: completed or, with `breakMode`, failed. */
async function onboard(deal: Deal, breakMode: BreakMode | null, isDetailed: boolean): Promise<boolean> {
  const run =
    breakMode === null ? await follow(deal, null, isDetailed) : await followBroken(deal, breakMode, isDetailed);
  if (breakMode !== null && isDetailed) await sayWhatWasDone(run, deal);
  say(row(deal.dealId, run.status, `${run.id}${run.error === null || isDetailed ? "" : `  ${run.error.message}`}`));
  return run.status === (breakMode === null ? "completed" : "failed");
}

/** Breaks provisioning for this deal, follows the run, and always repairs provisioning. */
async function followBroken(deal: Deal, breakMode: BreakMode, isDetailed: boolean): Promise<RunView> {
  // Sticky, because a system that crashes must still be broken after its restart.
  await controlProvisioning({ mode: breakMode, only: deal.dealId, sticky: true });
  try {
    return await follow(deal, breakMode, isDetailed);
  } finally {
    await controlProvisioning({ mode: "ok", only: deal.dealId });
  }
}

async function follow(deal: Deal, breakMode: BreakMode | null, isDetailed: boolean): Promise<RunView> {
  const run = await start(deal);
  if (isDetailed) sayStart(run, deal, breakMode);
  return followRun(findBaton, run.id, { onUpdate: isDetailed ? stepPrinter() : () => {} });
}

function start(deal: Deal): Promise<RunView> {
  return startUntilAcknowledged(findBaton, { name: "customer-onboarding", input: deal, idempotencyKey: randomUUID() });
}

function sayStart(run: RunView, deal: Deal, breakMode: BreakMode | null): void {
  say();
  say(`Onboarding ${describeDeal(deal)} (${run.id})`);
  if (breakMode !== null) say(`Provisioning fails for this deal (${breakMode}). Baton retries and then gives up.`);
  say();
}

async function sayWhatWasDone(run: RunView, deal: Deal): Promise<void> {
  const { projects, accounts, mails, manager, meetings } = await readRecords(readSystemUrls(), deal);
  const notRun = ["send welcome mail", "assign success manager", "schedule kickoff"].filter(
    (name) => !run.steps.some((step) => step.name === name),
  );
  say();
  say(fact("kept", projects.map(({ id, name }) => `project ${id}, "${name}"`).join(", ") || "nothing"));
  say(fact("not run", notRun.join(", ")));
  say(
    fact(
      "in the systems",
      `${projects.length} project, ${accounts.length} accounts, ${mails.length} mails, ` +
        `${manager === null ? 0 : 1} managers, ${meetings.length} meetings`,
    ),
  );
  say(fact("error", `${run.error?.step ?? ""}: ${run.error?.message ?? "none"}`));
  say();
}

function sayWhatToDoNext(count: number): void {
  say();
  say("Provisioning is repaired. Next:");
  say(`npx baton resume ${count === 1 ? "latest  " : "<run id>"}     continues at "provision account"`);
}

/** Sends the control request as soon as provisioning is up: it may be restarting after a crash. */
async function controlProvisioning(control: { mode: string; only: string; sticky?: boolean }): Promise<void> {
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(control) };
  const response = await until(() => fetch(`${readSystemUrls().provisioning}/control`, request).catch(() => null), {
    what: "provisioning accepts requests",
  });
  if (!response.ok) throw new Error(`provisioning refused ${JSON.stringify(control)}: ${await response.text()}`);
}
