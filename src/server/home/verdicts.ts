import type { DeadGroup, StoreStats } from "../../kernel/ports/queries.ts";
import { formatDuration } from "../../stdx/duration.ts";
import type { Verdict } from "../../wire/home.ts";

/** How the runs of one workflow ended. */
export interface Endings {
  readonly definition: string;
  readonly ended: number;
  readonly failed: number;
}

export interface WorkflowFacts {
  readonly recent: readonly Endings[];
  readonly usual: readonly Endings[];
  /** Errors of the newest dead letters. */
  readonly causes: readonly DeadGroup[];
  /** Store time at which `recent` starts. */
  readonly since: number;
  /** Number of all runs. */
  readonly runs: number;
}

export interface ExecutionFacts {
  readonly stats: Pick<StoreStats, "now" | "oldestReadyAt" | "workers">;
  /** Number of runs that have not ended. */
  readonly open: number;
  /** Versions with open runs that this process cannot load. */
  readonly lacking: readonly { readonly name: string; readonly version: number; readonly why: string }[];
  /** Definition files that could not be loaded. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

export interface FreshnessFacts {
  /** Store time, and the time of this process. */
  readonly storeNow: number;
  readonly processNow: number;
  /** When the oldest undelivered event was received; null if there is none. */
  readonly unroutedSince: number | null;
}

const ok = { level: "ok", next: null } as const;

/** Whether workflows fail more than usual. Pure, like all verdicts. */
export function workflowVerdict({ recent, usual, causes, since, runs }: WorkflowFacts): Verdict {
  const id = "workflows";
  if (runs === 0) return { ...ok, id, text: "No runs yet", why: null };
  const failing = recent.filter((each) => isUnusual(each, usual));
  if (failing.length === 0) {
    const [ended, failed] = [sum(recent, "ended"), sum(recent, "failed")];
    const why =
      ended === 0 ? "No runs ended in the last few hours" : `${count(ended, "run")} ended recently, ${failed} failed`;
    return { ...ok, id, text: "Runs are completing", why };
  }
  const names = failing.map((each) => each.definition);
  const theirs = causes.filter((cause) => names.includes(cause.definition) && cause.lastAt >= since);
  const messages = [...new Set(theirs.map((cause) => cause.message))];
  const [name = ""] = names;
  const what = names.length === 1 ? `${name} is failing` : `${names.length} workflows are failing`;
  const figures = failing
    .slice(0, namedMax)
    .map(({ definition, failed, ended }) => `${definition}: ${failed} of ${ended}`);
  const rest = failing.length > namedMax ? [`and ${failing.length - namedMax} more`] : [];
  const [message] = messages;
  const same = messages.length === 1 && message !== undefined ? [`same error: ${firstLine(message)}`] : [];
  const [cause] = theirs;
  return {
    id,
    level: failing.some(({ failed, ended }) => failed >= badMin && failed * 2 >= ended) ? "bad" : "warn",
    text: `${what} more than usual`,
    why: [...figures, ...rest, ...same].join("; "),
    next:
      messages.length === 1 && theirs.length === 1 && cause !== undefined
        ? { label: "View error", target: { to: "error", fingerprint: cause.fingerprint } }
        : names.length === 1
          ? { label: "View failed runs", target: { to: "runs", name, status: "failed" } }
          : { label: "View dead letters", target: { to: "dead-letters" } },
  };
}

/** Most names in a sentence. */
const namedMax = 3;
/** A share of very few runs is not significant. */
const badMin = 3;

/**
 * More failures than chance explains: above the usual number for this many runs plus twice its spread. A workflow that
 * never failed before is reported with its first failure.
 */
function isUnusual({ definition, ended, failed }: Endings, usual: readonly Endings[]): boolean {
  const before = usual.find((each) => each.definition === definition);
  const expected = before === undefined || before.ended === 0 ? 0 : (before.failed / before.ended) * ended;
  return failed > expected + 2 * Math.sqrt(expected);
}

/** If runs wait longer than this, there are too few workers, ms. */
const slowMs = 60_000;
const stuckMs = 600_000;

/** Whether workers execute the runs. */
export function executionVerdict({ stats, open, lacking, problems }: ExecutionFacts): Verdict {
  const id = "execution";
  const alive = stats.workers.filter(({ expiresAt }) => expiresAt > stats.now);
  const toWorkers = { label: "View workers", target: { to: "workers" } } as const;
  if (alive.length === 0) {
    const why =
      open === 0 ? "No run is waiting for one" : `${count(open, "run")} cannot continue; start a worker: baton start`;
    return { id, level: open === 0 ? "warn" : "bad", text: "No worker is running", why, next: toWorkers };
  }
  const toWorkflows = { label: "View workflows", target: { to: "workflows" } } as const;
  const [first] = lacking;
  if (first !== undefined) {
    const text = `${count(lacking.length, "version")} with open runs cannot be loaded here`;
    return { id, level: "warn", text, why: `${first.name} version ${first.version}: ${first.why}`, next: toWorkflows };
  }
  const age = stats.oldestReadyAt === null ? 0 : stats.now - stats.oldestReadyAt;
  if (age > slowMs) {
    const why = `${count(alive.length, "worker")} running, holding ${sum(alive, "held")} runs`;
    const text = `Runs are waiting for a worker, the oldest for ${formatDuration(age)}`;
    return { id, level: age > stuckMs ? "bad" : "warn", text, why, next: toWorkers };
  }
  const [problem] = problems;
  if (problem !== undefined) {
    const text = `${count(problems.length, "definition file")} could not be loaded`;
    return { id, level: "warn", text, why: `${problem.file}: ${firstLine(problem.message)}`, next: toWorkflows };
  }
  return {
    ...ok,
    id,
    text: "Workers are running",
    why: `${count(alive.length, "worker")} running, no runs waiting`,
  };
}

const skewMs = 5_000;
const unroutedMs = 10_000;

/** Whether this page is current. */
export function freshnessVerdict({ storeNow, processNow, unroutedSince }: FreshnessFacts): Verdict {
  const id = "freshness";
  const waited = unroutedSince === null ? 0 : storeNow - unroutedSince;
  if (waited > unroutedMs) {
    const text = `Events are waiting to be delivered, the oldest for ${formatDuration(waited)}`;
    const why = "They are delivered by a worker that has the definitions";
    return { id, level: "warn", text, why, next: { label: "View events", target: { to: "events" } } };
  }
  const skew = storeNow - processNow;
  if (Math.abs(skew) > skewMs) {
    const text = `The store clock is ${formatDuration(Math.abs(skew))} ${skew > 0 ? "ahead" : "behind"}`;
    const why = "Baton uses the store clock; the clock of this machine differs";
    return { id, level: "warn", text, why, next: { label: "View store", target: { to: "store" } } };
  }
  return { ...ok, id, text: "This page is current", why: "All events delivered" };
}

function sum<K extends string>(items: readonly Readonly<Record<K, number>>[], key: K): number {
  return items.reduce((total, each) => total + each[key], 0);
}

function count(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").slice(0, 200);
}
