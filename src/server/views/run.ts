import { runTimeOf } from "../../kernel/decide/run-time.ts";
import { decideVerb, verbs as kernelVerbs } from "../../kernel/decide/verb.ts";
import type { RunDetail } from "../../kernel/model/detail.ts";
import type { ErrorRecord } from "../../kernel/model/errors.ts";
import type { RecordedEntry } from "../../kernel/model/journal.ts";
import { describeReason } from "../../kernel/model/reason.ts";
import type { RunRow } from "../../kernel/model/run.ts";
import type { RunTime } from "../../kernel/model/run-time.ts";
import { isAtRest } from "../../kernel/model/status.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Page } from "../../wire/page.ts";
import type { RunDetail as RunDetailView, RunSummary, StartedBy } from "../../wire/run.ts";
import type { Step } from "../../wire/step.ts";
import { type Verb, verbs as wireVerbs } from "../../wire/verb.ts";
import { pageOf } from "../page-token.ts";
import type { Services } from "../services.ts";
import { briefError, wholeError } from "./error.ts";
import { payloadView, wholeText } from "./payload.ts";
import { reasonView } from "./reason.ts";
import { draftSteps, type ReopeningAt, type StepDraft } from "./steps.ts";
import { iso, isoOrNull } from "./time.ts";

/** A run in lists. */
export function summaryView(row: RunRow): RunSummary {
  return {
    id: row.id,
    name: row.definition.name,
    version: row.definition.version,
    kind: row.definition.kind,
    status: row.status,
    reason: row.reason === null ? null : reasonView(row.reason),
    reasonText: row.reason === null ? null : describeReason(row.reason),
    key: row.key,
    attributes: row.attributes,
    parentId: row.parentId,
    startedBy: startedBy(row),
    round: row.round,
    error: briefError(row.error),
    fingerprint: row.fingerprint,
    stepsDone: row.stepsDone,
    createdAt: iso(row.createdAt),
    endedAt: isoOrNull(row.endedAt),
    continuedAs: row.continuedAs,
  };
}

function startedBy({ origin: { scheduledAt, nominalAt: _, ...origin } }: RunRow): StartedBy {
  return scheduledAt === undefined ? origin : { ...origin, scheduledAt: iso(scheduledAt), nominalAt: iso(scheduledAt) };
}

/** A run with its first steps, its waits and the actions that it allows. */
export async function detailView(services: Services, run: RunDetail): Promise<RunDetailView> {
  const { store, engine } = services;
  const { row } = run;
  const part = (name: string): string => `/api/runs/${row.id}/payloads/${name}`;
  const [input, output, steps, runTime] = await Promise.all([
    payloadView(store, row.no, "input", run.input, part("input")),
    payloadView(store, row.no, "output", run.output, part("output")),
    stepsOf(store, run, run.entries, run.entryCount <= run.entries.length),
    loadRunTime(services, run),
  ]);
  return {
    ...summaryView(row),
    error: row.error === null ? null : wholeError(row.error),
    input,
    output,
    steps,
    stepCount: run.entryCount,
    waits: isAtRest(row.status) ? [] : run.waits.map(waitView),
    children: run.children.map((child) => ({ id: child.id, step: child.key, status: child.status })),
    verbs: legalVerbs(run),
    busyMs: runTime.busyMs,
    idle: runTime.idle.map(({ from, to }) => ({ from: iso(from), to: isoOrNull(to) })),
    liveVersion: engine.versionForNewStarts(row.definition.name),
  };
}

/** Without any attempt, the store need not be queried. This is the case for every run that was just started. */
function loadRunTime({ store, clock }: Services, { row, entryCount, attempts, shows }: RunDetail): Promise<RunTime> {
  if (entryCount > 0 || attempts.length > 0 || shows.length > 0) return store.query("runTime", { run: row.no });
  return Promise.resolve(runTimeOf([], { from: row.createdAt, endedAt: row.endedAt, now: clock.now() }));
}

/** One page of a run's steps. */
export async function stepPage(store: Store, run: RunDetail, after: number | null, limit: number): Promise<Page<Step>> {
  const rows = await store.query("steps", { run: run.row.no, after: after ?? 0, limit: limit + 1 });
  const isLast = rows.length <= limit;
  const steps = await stepsOf(store, run, rows.slice(0, limit), isLast);
  const { nextPageToken } = pageOf(
    "steps",
    rows,
    limit,
    (row) => row.seq,
    (row) => row,
  );
  return { items: steps, nextPageToken };
}

async function stepsOf(
  store: Store,
  run: RunDetail,
  entries: readonly RecordedEntry[],
  isLast: boolean,
): Promise<Step[]> {
  const reopenings = run.row.round === 0 ? [] : await readReopenings(store, run.row.no);
  const drafts = draftSteps(run, entries, reopenings, isLast);
  return Promise.all(drafts.map((draft) => finishStep(store, run, draft)));
}

async function readReopenings(store: Store, run: number): Promise<readonly ReopeningAt[]> {
  return store.query("reopenings", { run });
}

async function finishStep(store: Store, run: RunDetail, draft: StepDraft): Promise<Step> {
  const { entry } = draft;
  if (entry === null)
    return { ...draft.step, input: null, output: null, error: draft.error === null ? null : wholeError(draft.error) };
  const { no, id } = run.row;
  const part = (name: string): string => `/api/runs/${id}/payloads/${name}`;
  const input = await payloadView(store, no, `step-input:${entry.seq}`, entry.input, part(`step-input:${entry.seq}`));
  if (entry.outcome !== "ok") {
    const error = await wholeText(store, no, `step:${entry.seq}`, entry.value);
    return {
      ...draft.step,
      input,
      output: null,
      error: error === null ? null : wholeError(JSON.parse(error) as ErrorRecord),
    };
  }
  const output = await payloadView(store, no, `step:${entry.seq}`, entry.value, part(`step:${entry.seq}`));
  return { ...draft.step, input, output, error: null };
}

function waitView(wait: RunDetail["waits"][number]): RunDetailView["waits"][number] {
  return {
    step: wait.key,
    kind: wait.kind,
    since: iso(wait.since),
    until: isoOrNull(wait.dueAt),
    name: wait.name,
    match: wait.match === null ? null : JSON.parse(wait.match),
  };
}

/** The actions that a run allows in its current state, by the same rules that execute them. */
export function legalVerbs(run: RunDetail): Verb[] {
  const first = run.entries.find((entry) => entry.kind !== "reopen")?.key;
  const legal = new Set<Verb>(
    kernelVerbs.filter((verb) => {
      const step = verb === "restart" && first !== undefined ? { step: first } : {};
      return decideVerb(run, run.entries, { verb, actor: "", why: null, ...step }).ok;
    }),
  );
  if (isAtRest(run.row.status)) legal.add("rerun");
  return wireVerbs.filter((verb) => legal.has(verb));
}
