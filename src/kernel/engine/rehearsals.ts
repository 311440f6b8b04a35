import type { Audit } from "../model/audit.ts";
import { BatonError } from "../model/errors.ts";
import type { DefinitionRef, RunMark, RunRow } from "../model/run.ts";
import type { RunStatus } from "../model/status.ts";
import type { MoveRun } from "../model/version.ts";
import type { Store } from "../ports/store.ts";
import type { Engine } from "./engine.ts";
import type { Handler } from "./handler.ts";
import { type RehearsalParts, rehearse, type Verdict } from "./rehearsal.ts";

/** A run with the verdict on replaying its history against other code. */
export interface Rehearsed {
  readonly run: RunRow;
  /** The run as it was when its journal was read. */
  readonly seen: RunMark;
  readonly verdict: Verdict;
}

export interface RehearsalFilter {
  readonly statuses: readonly RunStatus[];
  /** At most this many of each status, newest first; all if omitted. */
  readonly last?: number;
  readonly version?: number;
  /** Only this run, by its full id. */
  readonly run?: string;
}

/** Statuses of runs that continue or can be resumed. */
export const unfinished: readonly RunStatus[] = [
  "pending",
  "running",
  "waiting",
  "suspended",
  "compensating",
  "failed",
];

/** Rehearsals at once: enough to overlap their waits, few enough to hold their journals in memory. */
const batch = 16;
const pageMax = 200;

/** Rehearses the runs of a definition against this handler, newest first within a status. */
export async function* rehearseRuns(
  store: Store,
  handler: Handler,
  filter: RehearsalFilter,
  parts: RehearsalParts,
): AsyncGenerator<Rehearsed> {
  for await (const runs of batchesOf(listRuns(store, handler.definition, filter))) {
    const rehearsed = await Promise.all(runs.map((run) => rehearseRun(store, run, handler, parts)));
    for (const each of rehearsed) if (each !== null) yield each;
  }
}

async function rehearseRun(
  store: Store,
  run: RunRow,
  handler: Handler,
  parts: RehearsalParts,
): Promise<Rehearsed | null> {
  const recorded = await store.query("journal", { run: run.no });
  if (recorded === null) return null;
  const { fence, round } = recorded.run;
  return { run, seen: { fence, round }, verdict: await rehearse(recorded, handler, parts) };
}

async function* listRuns(
  store: Store,
  { kind, name }: DefinitionRef,
  { statuses, last = Number.POSITIVE_INFINITY, version, run: only }: RehearsalFilter,
): AsyncGenerator<RunRow> {
  if (only !== undefined) {
    const row = (await store.query("run", { id: only }))?.row;
    const { definition, status } = row ?? {};
    const isWanted = definition?.name === name && definition.kind === kind && definition.version === version;
    if (row !== undefined && status !== undefined && isWanted && statuses.includes(status)) yield row;
    return;
  }
  for (const status of statuses) {
    let left = last;
    let before: number | null = null;
    while (left > 0) {
      const limit = Math.min(pageMax, left);
      const page: readonly RunRow[] = await store.query("runs", { definition: name, status, before, limit });
      for (const run of page) {
        if (run.definition.kind !== kind || (version !== undefined && run.definition.version !== version)) continue;
        left -= 1;
        yield run;
      }
      before = page.at(-1)?.no ?? null;
      if (page.length < limit) break;
    }
  }
}

async function* batchesOf<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  let some: T[] = [];
  for await (const item of items) {
    some.push(item);
    if (some.length < batch) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

export interface MoveRequest {
  readonly kind: DefinitionRef["kind"];
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly audit: Audit;
  readonly isDryRun: boolean;
  /** Only this run. */
  readonly run?: string;
}

/** The result for one run to be moved. `why` is null if it was moved or, in a dry run, would be. */
export interface Moved {
  readonly run: string;
  readonly why: string | null;
  readonly verdict: Verdict | null;
}

/**
 * Moves runs of one version to another: those that no worker holds and whose histories are compatible. The rest are
 * unchanged, each with its reason. A run that changes meanwhile is not moved.
 */
export async function* moveRuns(engine: Engine, request: MoveRequest, parts: RehearsalParts): AsyncGenerator<Moved> {
  const { kind, name, from: version, run: only } = request;
  const to = { kind, name, version: request.to };
  const found = await engine.find(to);
  if ("lack" in found) {
    throw new BatonError("unknown-definition", `${name} version ${request.to} cannot be loaded here: ${found.lack}`, {
      hint: `list the versions with: baton versions ${name}`,
    });
  }
  const rehearsals = rehearseRuns(
    engine.store,
    found.handler,
    { statuses: unfinished, version, ...(only === undefined ? {} : { run: only }) },
    parts,
  );
  for await (const { run, seen, verdict } of rehearsals) {
    const why =
      whyNot(run, verdict) ??
      (request.isDryRun ? null : await moveOne(engine.store, { run: run.no, seen, to, audit: request.audit }));
    yield { run: run.id, why, verdict: verdict.outcome === "diverges" ? verdict : null };
  }
}

function whyNot(run: RunRow, verdict: Verdict): string | null {
  if (run.status === "running") return "it is running on a worker";
  if (run.status === "compensating") return "it is being compensated by its own version";
  return verdict.outcome === "diverges" ? verdict.detail : null;
}

async function moveOne(store: Store, move: Omit<MoveRun, "kind">): Promise<string | null> {
  const outcome = await store.commit({ kind: "move", ...move });
  return outcome.ok ? null : "its state changed in the meantime";
}
