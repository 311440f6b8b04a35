import type { Audit } from "../model/audit.ts";
import { BatonError } from "../model/errors.ts";
import type { Erased } from "../model/life.ts";
import { defaults } from "../model/limits.ts";
import type { RunRow } from "../model/run.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";

/** What to erase: one run, or every run of a business key. */
export type EraseWhat = { readonly run: string } | { readonly key: string };

export interface EraseOptions {
  readonly actor: string;
  readonly why: string | null;
  /** Reports what would be removed, and removes nothing. */
  readonly dryRun?: boolean;
  /** Cancels runs that have not ended, and waits until they have. */
  readonly cancel?: boolean;
  /** Rewrites the whole file afterwards; all runs wait meanwhile. Default: if the file has at most 64 MiB. */
  readonly vacuum?: boolean;
}

export interface Erasure extends Erased {
  /** Ids of the selected runs, without their children; at most 100. */
  readonly ids: readonly string[];
  readonly isDryRun: boolean;
  /** False: a copy may be left in the log next to the file until its reader is gone. */
  readonly isScrubbed: boolean;
  /** False: unused parts of pages may hold remains until the file is rewritten. */
  readonly isRewritten: boolean;
}

export interface EraseParts {
  readonly store: Store;
  readonly clock: Clock;
  cancel(id: string, by: { actor: string; why: string | null }): Promise<void>;
}

/** Runs in one transaction. */
const batch = 100;
const pageMax = 200;
/** Delay between checks of runs that are being cancelled. */
const pollMs = 100;
const pollsMax = 600;

/** Permanently removes runs and everything that belongs to them. Throws `not-at-rest` if one has not ended. */
export async function erase(parts: EraseParts, what: EraseWhat, options: EraseOptions): Promise<Erasure> {
  const { store } = parts;
  const runs = await find(store, what);
  const ids = runs.map((run) => run.id);
  const live = await store.query("liveFamily", { runs: ids });
  const seen = { ids: ids.slice(0, 100), runs: runs.length, events: 0, files: 0 };
  if (options.dryRun === true) return { ...seen, isDryRun: true, isScrubbed: false, isRewritten: false };
  if (live.length > 0) {
    if (options.cancel !== true) throw notAtRest(live);
    await cancelAll(parts, ids, live, options);
  }
  const key = "key" in what ? what.key : null;
  const audit: Audit = { actor: options.actor, verb: "erase", why: options.why };
  const isRewritten = options.vacuum ?? (await store.query("stats", {})).bytes <= defaults.eraseVacuumMax;
  const sum = { runs: 0, events: 0, files: 0, isScrubbed: true };
  for (let i = 0; i < ids.length; i += batch) {
    const isLast = i + batch >= ids.length;
    const outcome = await store.commit({
      kind: "erase",
      runs: ids.slice(i, i + batch),
      key,
      isVacuumed: isLast && isRewritten,
      audit,
    });
    if (!outcome.ok) throw notAtRest([outcome.run]);
    sum.runs += outcome.erased.runs;
    sum.events += outcome.erased.events;
    sum.files += outcome.erased.files;
    sum.isScrubbed = outcome.isScrubbed;
  }
  return { ids: seen.ids, isDryRun: false, ...sum, isRewritten };
}

async function find(store: Store, what: EraseWhat): Promise<readonly RunRow[]> {
  if ("run" in what) {
    const run = await store.query("run", { id: what.run });
    if (run === null) throw new BatonError("not-found", `no run ${what.run}`, { hint: "list runs with: baton runs" });
    return [run.row];
  }
  const runs = await allRuns(store, { key: what.key });
  if (runs.length === 0)
    throw new BatonError("not-found", "no runs with this business key", { hint: "the whole key must match" });
  return runs;
}

/** All runs of a filter, over as many pages as needed. */
async function allRuns(store: Store, filter: { key: string } | { parent: number }): Promise<readonly RunRow[]> {
  const runs: RunRow[] = [];
  for (;;) {
    const page = await store.query("runs", { ...filter, before: runs.at(-1)?.no ?? null, limit: pageMax });
    runs.push(...page);
    if (page.length < pageMax) return runs;
  }
}

function notAtRest(live: readonly string[]): BatonError {
  return new BatonError(
    "not-at-rest",
    `${live.length === 1 ? `run ${live[0]} has` : `${live.length} runs have`} not ended`,
    {
      hint: "wait until it has ended, or use: baton erase RUN --cancel",
      details: { runs: live.slice(0, 100) },
    },
  );
}

/** Cancels what has not ended and waits for it, also for what it starts until it stops. */
async function cancelAll(
  { store, clock, cancel }: EraseParts,
  runs: readonly string[],
  live: readonly string[],
  by: EraseOptions,
): Promise<void> {
  for (const id of live) {
    await cancel(id, by).catch((error: unknown) => {
      // It has ended meanwhile, by itself or with its parent.
      if (!(error instanceof BatonError && error.code === "illegal")) throw error;
    });
  }
  for (let poll = 0; ; poll++) {
    const left = await store.query("liveFamily", { runs });
    if (left.length === 0) return;
    if (poll >= pollsMax) throw notAtRest(left);
    await new Promise<void>((resolve) => clock.after(pollMs, resolve));
  }
}
