/**
 * `npm start`: starts the five systems and Baton, each in its own process, with a guide on the console's first page.
 * With `--once` it onboards one customer, prints each step, and exits.
 *
 * This program is the supervisor: it restarts processes that are killed, and stops all of them when it exits. The state
 * of the runs is in Baton's store, so they can continue without this program.
 */
import { randomUUID } from "node:crypto";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { freshDeal } from "./demo/deal.ts";
import { followRun } from "./demo/follow.ts";
import { describeDeal, fact, row, say, stepPrinter } from "./demo/print.ts";
import { readRecords, verifyOnboarding } from "./demo/verification.ts";
import { startEnvironment } from "./environment.ts";
import { relativePath, workflowsFolder, workingCopyIn } from "./guide/working-copy.ts";
import { startUntilAcknowledged } from "./processes/api.ts";
import { isHealthy, readOwner } from "./processes/baton.ts";
import type { SupervisedBaton } from "./processes/supervisor.ts";
import type { Systems } from "./systems/start.ts";

const STORE_FILE = resolve("baton.db");
const SYSTEMS_DIR = resolve(".baton/systems");
/** Long enough to see in the console that Baton is down. */
const RESTART_AFTER_MS = 2_000;

const { values: flags } = parseArgs({ options: { once: { type: "boolean", default: false } } });
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
process.exit(await main());

async function main(): Promise<number> {
  await using stack = new AsyncDisposableStack();
  try {
    await refuseSecondBaton();
    const { systems, baton, stop } = await startEnvironment({
      storeFile: STORE_FILE,
      systemsDir: SYSTEMS_DIR,
      workflowsDir: flags.once ? null : workflowsFolder(),
      restartAfterMs: RESTART_AFTER_MS,
      say,
      onErrorLine: (line) => (stopping.signal.aborted ? undefined : say(`baton: ${line}`)),
    });
    stack.defer(stop);
    if (flags.once) return await onboardOnce(baton, systems);
    greet(baton);
    return await untilStopped(baton);
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    say(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    if (stopping.signal.aborted) say("Stopping. Runs continue at the next start.");
  }
}

async function refuseSecondBaton(): Promise<void> {
  const owner = readOwner(STORE_FILE);
  if (owner?.url === undefined || owner.url === null || !(await isHealthy(owner.url))) return;
  throw new Error(
    `Baton is already running here (pid ${owner.pid}, ${owner.url}): run "npm run onboard", or stop it first`,
  );
}

async function onboardOnce(baton: SupervisedBaton, systems: Systems): Promise<number> {
  say();
  say(fact("Baton", `${baton.url()} (pid ${baton.pid()}, store ${relative("", STORE_FILE)})`));
  say(fact("five systems", `data in ${relative("", SYSTEMS_DIR)}`));
  say(fact("ready after", `${(performance.now() / 1000).toFixed(1)} s`));
  return (await onboardOne(baton, systems)) ? 0 : 1;
}

async function onboardOne(baton: SupervisedBaton, systems: Systems): Promise<boolean> {
  const deal = freshDeal();
  const { signal } = stopping;
  const started = await startUntilAcknowledged(
    baton.url,
    { name: "customer-onboarding", input: deal, idempotencyKey: randomUUID() },
    { signal },
  );
  say();
  say(`Onboarding ${describeDeal(deal)} (${started.id})`);
  say();
  const run = await followRun(baton.url, started.id, { onUpdate: stepPrinter(), signal });
  say();
  say(`Run ${run.status}${run.error === null ? "" : `: ${run.error.message}`}`);
  if (run.status !== "completed") return false;
  const results = verifyOnboarding(await readRecords(systems.urls, deal));
  say();
  say("Records in the five systems:");
  for (const { system, isVerified, text } of results) say(row(system, isVerified ? "verified" : "FAILED", text));
  return results.every(({ isVerified }) => isVerified);
}

function greet(baton: SupervisedBaton): void {
  say(fact("console", baton.url() ?? ""));
  say(fact("store", relative("", STORE_FILE)));
  say(fact("five systems", `data in ${relative("", SYSTEMS_DIR)}`));
  say(fact("workflow", relativePath(workingCopyIn(workflowsFolder()))));
  say();
  say("Open the console: its first page is a guide. Or run in another terminal:");
  say("npm run onboard -- --break    onboard a customer while provisioning fails; resume the run afterwards");
  say("npx baton show latest         show the run, its steps and every attempt");
  say();
  say("Press Ctrl-C to stop. Runs continue at the next start.");
}

async function untilStopped(baton: SupervisedBaton): Promise<number> {
  const stopped = new Promise<null>((done) => {
    if (stopping.signal.aborted) done(null);
    else stopping.signal.addEventListener("abort", () => done(null), { once: true });
  });
  const exit = await Promise.race([baton.ended, stopped]);
  if (exit === null || exit.code === 0) return 0;
  say(`Baton exited (${exit.signal ?? `code ${exit.code}`})`);
  return 1;
}
