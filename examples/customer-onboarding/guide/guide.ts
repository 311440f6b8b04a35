/**
 * The getting-started checklist of `npm start`. Its actions are real: they break systems, kill a process and change
 * code. Whether a step is done is read from the runs, so it stays done after a restart, and nothing is stored here.
 */
import type { GuideActionSource, GuideApi, GuideSource, GuideStepSource } from "baton";
import { until } from "../processes/until.ts";
import * as productService from "./product-service.ts";
import { getRun, type ListedRun, lastCompleted, onboard, runsOf, WORKFLOW } from "./runs.ts";
import {
  addStep,
  relativePath,
  removeStep,
  whyStepCannotBeAdded,
  whyStepCannotBeRemoved,
  workflowsFolder,
  workingCopyIn,
} from "./working-copy.ts";

/**
 * By then the response to this action has been sent, and the step that the kill cuts off is still far from its timeout.
 */
const KILL_AFTER_MS = 300;
/** Long enough to see two versions running side by side. */
const DELAY_SECONDS = 8;

const onboarding: GuideStepSource = {
  id: "onboard",
  title: "Onboard a customer",
  text: "Five systems, each in its own process, do one step each, in order. Every result is on disk before the next step starts.",
  isDone: async (api) => (await lastCompleted(api)) !== null,
  run: async (api) => (await runsOf(api, "start"))[0]?.id ?? (await lastCompleted(api))?.id ?? null,
  acts: [
    {
      id: "start",
      label: "Start an onboarding",
      blocked: whyBroken,
      act: async (api) => {
        const { deal, run } = await onboard(api, "start");
        return { text: `Started the onboarding of ${deal.company} (deal ${deal.dealId}).`, run: run.id };
      },
    },
  ],
};

const breaking: GuideStepSource = {
  id: "break",
  title: "Break the product service",
  text: "The product service returns 503 for every deal until you repair it. A new onboarding fails there: Baton retries with growing delays, then the run becomes a dead letter. Its project is kept, and nothing after the failed step runs.",
  isDone: async (api) => (await runsOf(api, "break")).some((run) => run.status === "failed" || run.round > 0),
  run: async (api) => (await runsOf(api, "break"))[0]?.id ?? null,
  acts: [
    {
      id: "break",
      label: "Break the service and start an onboarding",
      blocked: async () => ((await productService.isBroken()) ? "the product service is already broken" : null),
      act: async (api) => {
        const { deal, run } = await onboard(api, "break", productService.breakForAll);
        return {
          text: `The product service now returns 503. Started the onboarding of ${deal.company}.`,
          run: run.id,
        };
      },
    },
  ],
};

const resuming: GuideStepSource = {
  id: "resume",
  title: "Repair the service and resume the run",
  text: "Repair the service, then open the run and select Resume. The run continues at the failed step. The existing project is reused.",
  isDone: async (api) => (await runsOf(api, "break")).some(isResumed),
  run: async (api) => {
    const runs = await runsOf(api, "break");
    return (runs.find(({ status }) => status === "failed") ?? runs.find(isResumed))?.id ?? null;
  },
  acts: [
    {
      id: "repair",
      label: "Repair the product service",
      blocked: async () => ((await productService.isBroken()) ? null : "the product service is not broken"),
      act: async (api) => {
        await productService.repair();
        const failed = (await runsOf(api, "break")).find(({ status }) => status === "failed");
        const next = failed === undefined ? "" : " Now resume the run.";
        return { text: `The product service works again.${next}`, run: failed?.id ?? null };
      },
    },
  ],
};

const killing: GuideStepSource = {
  id: "kill",
  title: "Kill Baton in the middle of a step",
  text: "Sends SIGKILL to Baton after the product service has created the account and before Baton has the response. Baton restarts after two seconds and repeats the request with the same idempotency key. The run continues with that one account.",
  isDone: async (api) => (await survivors(api)).length > 0,
  run: async (api) => (await runsOf(api, "kill"))[0]?.id ?? null,
  acts: [
    {
      id: "kill",
      label: "Kill Baton",
      blocked: async () =>
        isSupervised() ? await whyBroken() : "Baton would not be restarted: start it with npm start",
      act: async (api) => {
        const { deal, run } = await onboard(api, "kill", ({ dealId }) => productService.withholdAnswerOnce(dealId));
        await until(() => productService.hasAccount(deal.dealId), {
          what: "the account is created",
          limitMs: ACT_LIMIT_MS,
        });
        setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_AFTER_MS);
        return {
          text: `Killing Baton (pid ${process.pid}) during the onboarding of ${deal.company}. It is back in a few seconds.`,
          run: run.id,
        };
      },
    },
  ],
};

const changing: GuideStepSource = {
  id: "change",
  title: "Change the code while a run is in progress",
  text: `Adds a step to ${relativePath(workingCopyIn(workflowsFolder()))} while a run waits for the product service. That run finishes on the version that it started with; new runs use the new version. The same code always has the same version number: remove the step, and new runs use the earlier version again. You can also edit the file yourself.`,
  isDone: async (api) => sideBySide(await runsOf(api, "change")),
  run: async (api) => (await runsOf(api, "change"))[0]?.id ?? null,
  acts: [
    changeAct("add-step", "Add a step", whyStepCannotBeAdded, addStep),
    changeAct("remove-step", "Remove the step", whyStepCannotBeRemoved, removeStep),
  ],
};

export const onboardingGuide: GuideSource = {
  title: "Get started with Baton",
  intro: "Five things to try on a running system. They are real, and each is checked off when it has happened.",
  steps: [onboarding, breaking, resuming, killing, changing],
};

/** How long an action waits for its effect. */
const ACT_LIMIT_MS = 15_000;

/** `npm start` sets this for the Baton that it supervises. */
function isSupervised(): boolean {
  return process.env["ONBOARDING_SUPERVISED"] === "1";
}

async function whyBroken(): Promise<string | null> {
  return (await productService.isBroken()) ? "the product service is broken: repair it first" : null;
}

function isResumed({ status, round }: ListedRun): boolean {
  return status === "completed" && round > 0;
}

/** Runs that have completed although the process was killed during one of their attempts. */
async function survivors(api: GuideApi): Promise<readonly ListedRun[]> {
  const completed = (await runsOf(api, "kill")).filter(({ status }) => status === "completed").slice(0, SURVIVORS_MAX);
  const lost = await Promise.all(completed.map(async ({ id }) => hasLostAttempt(await getRun(api, id))));
  return completed.filter((_run, i) => lost[i]);
}

/** One survivor is enough, and few runs of this step were not killed. */
const SURVIVORS_MAX = 5;

function hasLostAttempt({ steps }: Awaited<ReturnType<typeof getRun>>): boolean {
  return steps.some(({ attempts }) => attempts.some(({ status }) => status === "lost"));
}

/** Whether two runs on different versions have completed, of which one was started while the other was in progress. */
function sideBySide(runs: readonly ListedRun[]): boolean {
  const completed = runs.filter(({ status }) => status === "completed");
  return completed.some((older) =>
    completed.some(
      (newer) =>
        newer.version !== older.version && newer.createdAt > older.createdAt && newer.createdAt < (older.endedAt ?? ""),
    ),
  );
}

/** Changes the file while a run is delayed, waits for the new version, and starts a run on it. */
function changeAct(
  id: string,
  label: string,
  whyNot: (file: string) => string | null,
  change: (file: string) => void,
): GuideActionSource {
  const file = workingCopyIn(workflowsFolder());
  return {
    id,
    label,
    blocked: async () => (await whyBroken()) ?? whyNot(file),
    act: async (api) => {
      const delayed = await onboard(api, "change", ({ dealId }) => productService.delay(dealId, DELAY_SECONDS));
      try {
        await until(async () => (await getRun(api, delayed.run.id)).status === "waiting", {
          what: "the run waits for the product service",
          limitMs: ACT_LIMIT_MS,
        });
        change(file);
        const version = await until(() => otherVersion(api, delayed.run.version), {
          what: `the changed ${relativePath(file)} has a version`,
          limitMs: ACT_LIMIT_MS,
        });
        const { deal, run } = await onboard(api, "change");
        return {
          text: `${delayed.deal.company} is waiting on version ${delayed.run.version}. ${deal.company} was started on version ${version}.`,
          run: run.id,
        };
      } finally {
        await productService.repairFor(delayed.deal.dealId);
      }
    },
  };
}

/** The version that new runs get, if it is not `version`; else null. Throws if the file cannot be loaded. */
async function otherVersion(api: GuideApi, version: number): Promise<number | null> {
  const { items, problems } = await api.get<{
    items: readonly { version: number; isUsed: boolean; triggers: readonly string[] }[];
    problems: readonly { file: string; message: string }[];
  }>(`/api/definitions?name=${WORKFLOW}`);
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${problem.file} cannot be loaded: ${problem.message}`);
  // A version is used in the store slightly before this process has loaded it and registered its triggers.
  const used = items.find(({ isUsed, triggers }) => isUsed && triggers.length > 0);
  return used === undefined || used.version === version ? null : used.version;
}
