/** The runs that the guide starts. The attribute `guide` of a run has the step that it was started for. */
import type { GuideApi } from "baton";
import type { Deal } from "../deal.ts";
import { freshDeal } from "../demo/deal.ts";
import type { RunView } from "../processes/api.ts";

export const WORKFLOW = "customer-onboarding";

/** A run as lists return it. */
export interface ListedRun {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly round: number;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

export type GuideStep = "start" | "break" | "kill" | "change";

/** Newest first. */
export async function runsOf(api: GuideApi, step: GuideStep): Promise<readonly ListedRun[]> {
  return list(api, { attribute: `guide=${step}`, limit: "100" });
}

/** The newest completed run, whether or not the guide started it. */
export async function lastCompleted(api: GuideApi): Promise<ListedRun | null> {
  return (await list(api, { status: "completed", limit: "1" }))[0] ?? null;
}

export function getRun(api: GuideApi, id: string): Promise<RunView> {
  return api.get(`/api/runs/${id}`);
}

/** Starts the onboarding of a new deal. `prepare` is called with the deal before the run is started. */
export async function onboard(
  api: GuideApi,
  step: GuideStep,
  prepare: (deal: Deal) => unknown = () => {},
): Promise<{ deal: Deal; run: ListedRun }> {
  const deal = freshDeal();
  await prepare(deal);
  const run = await api.post<ListedRun>("/api/runs", { name: WORKFLOW, input: deal, attributes: { guide: step } });
  return { deal, run };
}

async function list(api: GuideApi, filter: Readonly<Record<string, string>>): Promise<readonly ListedRun[]> {
  const query = new URLSearchParams({ name: WORKFLOW, ...filter });
  return (await api.get<{ items: readonly ListedRun[] }>(`/api/runs?${query}`)).items;
}
