/**
 * `npm run onboard`: onboards fresh deals with the Baton that `npm start` runs. With `--break`, provisioning fails for
 * each of these deals alone, until its run is a dead letter; then provisioning is mended and the run can be resumed.
 */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Deal } from "./deal.ts";
import { type BreakMode, readArguments } from "./demo/arguments.ts";
import { freshDeal } from "./demo/deal.ts";
import { followRun } from "./demo/follow.ts";
import { describeDeal, fact, row, say, stepPrinter } from "./demo/print.ts";
import { gatherEvidence } from "./demo/proof.ts";
import { type FindUrl, type RunView, startUntilAcknowledged } from "./processes/api.ts";
import { isHealthy, readOwner } from "./processes/baton.ts";
import { until } from "./processes/until.ts";
import { readSystemUrls } from "./systems/directory.ts";

/** Asked anew each time: a Baton that was killed is away for a while. */
const findBaton: FindUrl = () => readOwner(resolve("baton.db"))?.url ?? null;

/** A Baton that was just killed is started again after two seconds, and serves within another one or so. */
const COME_BACK_MS = 8_000;

try {
  const { breakMode, count } = readArguments(process.argv.slice(2));
  await requireBaton();
  const outcomes = await Promise.all(Array.from({ length: count }, () => onboard(freshDeal(), breakMode, count === 1)));
  if (breakMode !== null) sayHowToGoOn(count);
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
  await until(isServing, { what: "Baton serves", limitMs: isExpected ? COME_BACK_MS : 0 }).catch((cause: unknown) => {
    throw new Error('Baton is not running in this folder; start it with "npm start"', { cause });
  });
}

/** Runs one deal to rest. True when it ended as asked: completed, or with `breakMode` as a dead letter. */
async function onboard(deal: Deal, breakMode: BreakMode | null, isDetailed: boolean): Promise<boolean> {
  const run =
    breakMode === null ? await follow(deal, null, isDetailed) : await followBroken(deal, breakMode, isDetailed);
  if (breakMode !== null && isDetailed) await sayWhatIsKept(run, deal);
  say(row(deal.dealId, run.status, `${run.id}${run.error === null || isDetailed ? "" : `  ${run.error.message}`}`));
  return run.status === (breakMode === null ? "completed" : "failed");
}

/** Breaks provisioning for this deal, and mends it whatever happens. */
async function followBroken(deal: Deal, breakMode: BreakMode, isDetailed: boolean): Promise<RunView> {
  // Sticky, because a system that dies must still be broken when it is back.
  await tellProvisioning({ mode: breakMode, only: deal.dealId, sticky: true });
  try {
    return await follow(deal, breakMode, isDetailed);
  } finally {
    await tellProvisioning({ mode: "ok", only: deal.dealId });
  }
}

async function follow(deal: Deal, breakMode: BreakMode | null, isDetailed: boolean): Promise<RunView> {
  const run = await start(deal);
  if (isDetailed) sayStart(run, deal, breakMode);
  return followRun(findBaton, run.id, { onLook: isDetailed ? stepPrinter() : () => {} });
}

function start(deal: Deal): Promise<RunView> {
  return startUntilAcknowledged(findBaton, { name: "customer-onboarding", input: deal, idempotencyKey: randomUUID() });
}

function sayStart(run: RunView, deal: Deal, breakMode: BreakMode | null): void {
  say();
  say(`onboarding ${describeDeal(deal)}: ${run.id}`);
  if (breakMode !== null) say(`provisioning fails for this deal (${breakMode}); Baton tries again and then gives up`);
  say();
}

async function sayWhatIsKept(run: RunView, deal: Deal): Promise<void> {
  const { projects, accounts, mails, manager, meetings } = await gatherEvidence(readSystemUrls(), deal);
  const didNotRun = ["send welcome mail", "assign success manager", "schedule kickoff"].filter(
    (name) => !run.steps.some((step) => step.name === name),
  );
  say();
  say(fact("kept", projects.map(({ id, name }) => `project ${id}, "${name}"`).join(", ") || "nothing"));
  say(fact("did not run", didNotRun.join(", ")));
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

function sayHowToGoOn(count: number): void {
  say();
  say("provisioning is mended; next:");
  say(`npx baton resume ${count === 1 ? "latest  " : "<run id>"}     goes on at "provision account"`);
}

/** Gives the order as soon as provisioning is there to take it: the order before may have been to die. */
async function tellProvisioning(control: { mode: string; only: string; sticky?: boolean }): Promise<void> {
  const order = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(control) };
  const response = await until(() => fetch(`${readSystemUrls().provisioning}/control`, order).catch(() => null), {
    what: "provisioning takes orders",
  });
  if (!response.ok) throw new Error(`provisioning refused ${JSON.stringify(control)}: ${await response.text()}`);
}
