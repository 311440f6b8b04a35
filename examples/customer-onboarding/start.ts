/**
 * `npm start`: the five systems and Baton, each in a process of its own, and a guide on the console's first page. With
 * `--once` one customer is onboarded before your eyes, and that is all.
 *
 * This program is the supervisor. What is killed it starts again; when it ends itself, it ends what it started. The state
 * of the runs is in Baton's store, so nothing here is needed to go on with them.
 */
import { randomUUID } from "node:crypto";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { freshDeal } from "./demo/deal.ts";
import { followRun } from "./demo/follow.ts";
import { describeDeal, fact, row, say, stepPrinter } from "./demo/print.ts";
import { gatherEvidence, proveOnboarding } from "./demo/proof.ts";
import { shown, workflowsFolder, workingCopyIn } from "./guide/working-copy.ts";
import { startUntilAcknowledged } from "./processes/api.ts";
import { isHealthy, readOwner } from "./processes/baton.ts";
import type { KeptBaton } from "./processes/kept-baton.ts";
import { openStage } from "./stage.ts";
import type { Systems } from "./systems/start.ts";

const STORE_FILE = resolve("baton.db");
const SYSTEMS_DIR = resolve(".baton/systems");
/** So long a page can show that Baton is gone. */
const RESTART_AFTER_MS = 2_000;

const { values: flags } = parseArgs({ options: { once: { type: "boolean", default: false } } });
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
process.exit(await main());

async function main(): Promise<number> {
  await using stack = new AsyncDisposableStack();
  try {
    await refuseSecondBaton();
    const { systems, baton, stop } = await openStage({
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
    if (stopping.signal.aborted) say("stopping; runs continue on the next start");
  }
}

async function refuseSecondBaton(): Promise<void> {
  const owner = readOwner(STORE_FILE);
  if (owner?.url === undefined || owner.url === null || !(await isHealthy(owner.url))) return;
  throw new Error(`Baton already runs here (pid ${owner.pid}, ${owner.url}); try "npm run onboard", or end it first`);
}

async function onboardOnce(baton: KeptBaton, systems: Systems): Promise<number> {
  say();
  say(fact("Baton", `${baton.url()}  (pid ${baton.pid()}, store ${relative("", STORE_FILE)})`));
  say(fact("five systems", relative("", SYSTEMS_DIR)));
  say(fact("ready in", `${(performance.now() / 1000).toFixed(1)} s`));
  return (await onboardOne(baton, systems)) ? 0 : 1;
}

async function onboardOne(baton: KeptBaton, systems: Systems): Promise<boolean> {
  const deal = freshDeal();
  const { signal } = stopping;
  const started = await startUntilAcknowledged(
    baton.url,
    { name: "customer-onboarding", input: deal, idempotencyKey: randomUUID() },
    { signal },
  );
  say();
  say(`onboarding ${describeDeal(deal)}: ${started.id}`);
  say();
  const run = await followRun(baton.url, started.id, { onLook: stepPrinter(), signal });
  say();
  say(`run ${run.status}${run.error === null ? "" : `: ${run.error.message}`}`);
  if (run.status !== "completed") return false;
  const proof = proveOnboarding(await gatherEvidence(systems.urls, deal));
  say();
  say("what the five systems say about it:");
  for (const { system, isProven, text } of proof) say(row(system, isProven ? "proven" : "MISSING", text));
  return proof.every(({ isProven }) => isProven);
}

function greet(baton: KeptBaton): void {
  say(fact("console", baton.url() ?? ""));
  say(fact("store", relative("", STORE_FILE)));
  say(fact("five systems", relative("", SYSTEMS_DIR)));
  say(fact("workflow", shown(workingCopyIn(workflowsFolder()))));
  say();
  say("try: open the console, its first page leads you; or in another terminal:");
  say("npm run onboard -- --break    provisioning fails for one deal; resume its run afterwards");
  say("npx baton show latest         the run, its steps and every attempt");
  say();
  say("Ctrl-C to stop; runs continue on the next start");
}

async function untilStopped(baton: KeptBaton): Promise<number> {
  const stopped = new Promise<null>((done) => {
    if (stopping.signal.aborted) done(null);
    else stopping.signal.addEventListener("abort", () => done(null), { once: true });
  });
  const exit = await Promise.race([baton.ended, stopped]);
  if (exit === null || exit.code === 0) return 0;
  say(`Baton ended (${exit.signal ?? `code ${exit.code}`})`);
  return 1;
}
