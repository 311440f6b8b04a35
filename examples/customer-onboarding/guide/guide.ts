/**
 * The checklist of the first minutes, for whoever has just typed `npm start`. Every act is real: systems are broken, a
 * process is killed, code is changed. Whether a step is done is read from the runs themselves, so it stays done after a
 * restart, and nothing here remembers anything.
 */
import type { GuideActSource, GuideApi, GuideSource, GuideStepSource } from "baton";
import { until } from "../processes/until.ts";
import * as productService from "./product-service.ts";
import { type ListedRun, lastCompleted, lookAt, onboard, runsOf, WORKFLOW } from "./runs.ts";
import {
  addStep,
  removeStep,
  shown,
  whyNoStepToAdd,
  whyNoStepToRemove,
  workflowsFolder,
  workingCopyIn,
} from "./working-copy.ts";

/** The answer is on its way by then, and the step that is to be cut off has time for five times as long. */
const KILL_AFTER_MS = 300;
/** Long enough to look at two versions side by side. */
const HELD_SECONDS = 8;

const onboarding: GuideStepSource = {
  id: "onboard",
  title: "Onboard a customer",
  text: "Five systems, each a process of its own, do one thing each, in order. Every result is on disk before the next step begins.",
  isDone: async (api) => (await lastCompleted(api)) !== null,
  run: async (api) => (await runsOf(api, "start"))[0]?.id ?? (await lastCompleted(api))?.id ?? null,
  acts: [
    {
      id: "start",
      label: "Start an onboarding",
      blocked: whyBroken,
      act: async (api) => {
        const { deal, run } = await onboard(api, "start");
        return { text: `${deal.company} is being onboarded (deal ${deal.dealId}).`, run: run.id };
      },
    },
  ],
};

const breaking: GuideStepSource = {
  id: "break",
  title: "Break the product service",
  text: "Provisioning answers 503 to everybody until it is mended, and a new onboarding runs into it: retries with growing pauses, then a dead letter. The project that it had made is kept, and nothing after the failed step has run.",
  isDone: async (api) => (await runsOf(api, "break")).some((run) => run.status === "failed" || run.round > 0),
  run: async (api) => (await runsOf(api, "break"))[0]?.id ?? null,
  acts: [
    {
      id: "break",
      label: "Break it and start an onboarding",
      blocked: async () => ((await productService.isBroken()) ? "the product service is broken already" : null),
      act: async (api) => {
        const { deal, run } = await onboard(api, "break", productService.breakForAll);
        return { text: `The product service answers 503, and ${deal.company} is being onboarded.`, run: run.id };
      },
    },
  ],
};

const resuming: GuideStepSource = {
  id: "resume",
  title: "Mend it and resume the run",
  text: "Mend the service, then open the run and press Resume: it goes on at the step that failed. Its project is the one that it had.",
  isDone: async (api) => (await runsOf(api, "break")).some(isResumed),
  run: async (api) => {
    const runs = await runsOf(api, "break");
    return (runs.find(({ status }) => status === "failed") ?? runs.find(isResumed))?.id ?? null;
  },
  acts: [
    {
      id: "mend",
      label: "Mend the product service",
      blocked: async () => ((await productService.isBroken()) ? null : "the product service is in order"),
      act: async (api) => {
        await productService.mend();
        const failed = (await runsOf(api, "break")).find(({ status }) => status === "failed");
        const next = failed === undefined ? "" : " Now resume the run.";
        return { text: `The product service answers again.${next}`, run: failed?.id ?? null };
      },
    },
  ],
};

const killing: GuideStepSource = {
  id: "kill",
  title: "Kill Baton in the middle of a step",
  text: "SIGKILL, in the moment in which the product service has made the account and Baton does not know yet. After two seconds Baton is started again, asks once more under the same idempotency key, and the run goes on with that one account.",
  isDone: async (api) => (await survivors(api)).length > 0,
  run: async (api) => (await runsOf(api, "kill"))[0]?.id ?? null,
  acts: [
    {
      id: "kill",
      label: "Kill Baton",
      blocked: async () => (isSupervised() ? await whyBroken() : "nothing would start Baton again: use npm start"),
      act: async (api) => {
        const { deal, run } = await onboard(api, "kill", ({ dealId }) => productService.keepAnswerOnce(dealId));
        await until(() => productService.hasAccount(deal.dealId), {
          what: "the account is made",
          limitMs: ACT_LIMIT_MS,
        });
        setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_AFTER_MS);
        return {
          text: `Baton (pid ${process.pid}) kills itself while ${deal.company} is being onboarded, and is back in a few seconds.`,
          run: run.id,
        };
      },
    },
  ],
};

const changing: GuideStepSource = {
  id: "change",
  title: "Change the code while a run is under way",
  text: `Adds a step to ${shown(workingCopyIn(workflowsFolder()))} while a run waits for the product service. That run ends on the version that it began with, new ones get the new version. The same code keeps its number: take the step out, and new runs are on the earlier version again. You may also edit the file yourself.`,
  isDone: async (api) => sideBySide(await runsOf(api, "change")),
  run: async (api) => (await runsOf(api, "change"))[0]?.id ?? null,
  acts: [
    changeAct("add-step", "Add a step", whyNoStepToAdd, addStep),
    changeAct("remove-step", "Take the step out", whyNoStepToRemove, removeStep),
  ],
};

export const onboardingGuide: GuideSource = {
  title: "The first minutes with Baton",
  intro: "Five things to do to a running process. Each is real, and each step ticks itself when it has happened.",
  steps: [onboarding, breaking, resuming, killing, changing],
};

/** An act waits so long for what it has set off. */
const ACT_LIMIT_MS = 15_000;

/** `npm start` says so to the Baton that it keeps. */
function isSupervised(): boolean {
  return process.env["ONBOARDING_SUPERVISED"] === "1";
}

async function whyBroken(): Promise<string | null> {
  return (await productService.isBroken()) ? "the product service is broken: mend it first" : null;
}

function isResumed({ status, round }: ListedRun): boolean {
  return status === "completed" && round > 0;
}

/** Runs that have completed although the process died during one of their attempts. */
async function survivors(api: GuideApi): Promise<readonly ListedRun[]> {
  const completed = (await runsOf(api, "kill")).filter(({ status }) => status === "completed").slice(0, SURVIVORS_MAX);
  const lost = await Promise.all(completed.map(async ({ id }) => hasLostAttempt(await lookAt(api, id))));
  return completed.filter((_run, i) => lost[i]);
}

/** One is enough; of those that were not killed after all there are few. */
const SURVIVORS_MAX = 5;

function hasLostAttempt({ steps }: Awaited<ReturnType<typeof lookAt>>): boolean {
  return steps.some(({ attempts }) => attempts.some(({ status }) => status === "lost"));
}

/** Whether a run has completed on one version during which another one was started on another, and completed too. */
function sideBySide(runs: readonly ListedRun[]): boolean {
  const completed = runs.filter(({ status }) => status === "completed");
  return completed.some((older) =>
    completed.some(
      (newer) =>
        newer.version !== older.version && newer.createdAt > older.createdAt && newer.createdAt < (older.endedAt ?? ""),
    ),
  );
}

/** Changes the file while a run is held up, waits for the version that comes of it, and starts a run on that. */
function changeAct(
  id: string,
  label: string,
  whyNot: (file: string) => string | null,
  change: (file: string) => void,
): GuideActSource {
  const file = workingCopyIn(workflowsFolder());
  return {
    id,
    label,
    blocked: async () => (await whyBroken()) ?? whyNot(file),
    act: async (api) => {
      const held = await onboard(api, "change", ({ dealId }) => productService.turnAway(dealId, HELD_SECONDS));
      try {
        await until(async () => (await lookAt(api, held.run.id)).status === "waiting", {
          what: "the product service has turned the run away",
          limitMs: ACT_LIMIT_MS,
        });
        change(file);
        const version = await until(() => otherVersion(api, held.run.version), {
          what: `${shown(file)} has its version`,
          limitMs: ACT_LIMIT_MS,
        });
        const { deal, run } = await onboard(api, "change");
        return {
          text: `${held.deal.company} waits on version ${held.run.version}, ${deal.company} was started on version ${version}.`,
          run: run.id,
        };
      } finally {
        await productService.mendFor(held.deal.dealId);
      }
    },
  };
}

/** The version that new starts get, when it is another one. Throws when the file cannot be loaded. */
async function otherVersion(api: GuideApi, version: number): Promise<number | null> {
  const { items, problems } = await api.get<{
    items: readonly { version: number; isUsed: boolean; triggers: readonly string[] }[];
    problems: readonly { file: string; message: string }[];
  }>(`/api/definitions?name=${WORKFLOW}`);
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${problem.file} cannot be loaded: ${problem.message}`);
  // Its choice is in the store a moment before it has its place in this process, and events start it.
  const used = items.find(({ isUsed, triggers }) => isUsed && triggers.length > 0);
  return used === undefined || used.version === version ? null : used.version;
}
