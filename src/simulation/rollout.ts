import type { Engine } from "../kernel/engine/engine.ts";
import type { Found, Handler } from "../kernel/engine/handler.ts";
import type { DefinitionRef } from "../kernel/model/run.ts";
import type { SqliteCore } from "../stores/sqlite/core.ts";
import type { Context } from "../workflows/context.ts";
import { workflow } from "../workflows/definition.ts";
import { workflowHandler } from "../workflows/handler.ts";
import { Chance } from "./chance.ts";
import type { HistoryLog } from "./history.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Violation } from "./violation.ts";
import type { Outside } from "./workloads.ts";

/** What a rollout needs of a process. */
interface RolloutHost {
  readonly engine: Engine;
  readonly isAlive: boolean;
  later(ms: number, call: () => void): () => void;
}

const name = "deployed";
const versions = [1, 2, 3] as const;
/** 1 and 3 have the same steps, so that runs can be moved between them; 2 has one more in the middle. */
const movableTo: Readonly<Record<number, number>> = { 1: 3, 3: 1 };

/**
 * Versions of one workflow that come and go: each process has some of them, gains and loses others while runs are
 * running, and may be able to find a version that it lacks. Every step returns the version of the code that ran it.
 */
export class Rollout {
  readonly #chance: Chance;
  /** Whether a process can get a version that it lacks from elsewhere, after a while. */
  readonly #canFind: boolean;
  readonly #runsNewest: boolean;
  readonly #hosts = new Map<RolloutHost, readonly Handler[]>();
  #isHealed = false;

  constructor(chance: Chance, runsNewest: boolean) {
    this.#chance = chance;
    this.#canFind = chance.happens(0.5);
    this.#runsNewest = runsNewest;
  }

  drawRunCount(): number {
    return this.#chance.between(2, 6);
  }

  /** Registers the versions that a new process has. */
  install(host: RolloutHost, outside: Outside): void {
    const handlers = versions.map((version) => this.#handler(version, host.engine, outside));
    this.#hosts.set(host, handlers);
    for (const handler of handlers) if (this.#isHealed || this.#chance.happens(0.6)) host.engine.register(handler);
  }

  #handler(version: number, engine: Engine, outside: Outside): Handler {
    const code = (number: number): Handler =>
      workflowHandler(workflow({ name, version: number }, createCode(number, outside)), engine);
    const own = code(version);
    // The planted bug: the newest code continues every run, whatever version it started with.
    return this.#runsNewest ? { ...code(3), definition: own.definition } : own;
  }

  find(host: RolloutHost, definition: DefinitionRef): Promise<Found> {
    const handler = this.#hosts.get(host)?.find((each) => each.definition.version === definition.version);
    return new Promise((resolve) => {
      host.later(this.#chance.between(0, 300), () =>
        resolve(handler !== undefined && this.#canFind ? { handler } : { lack: "it is not here" }),
      );
    });
  }

  /** Versions come and go, and operators move runs, until `untilMs` have passed. */
  plan(scheduler: Scheduler, core: SqliteCore, untilMs: number): void {
    for (let at = this.#pause(); at < untilMs; at += this.#pause()) {
      scheduler.after(at, () => {
        if (this.#chance.happens(0.3)) this.#move(core);
        else this.#change();
      });
    }
  }

  #pause(): number {
    return this.#chance.between(100, 1_500);
  }

  #liveHosts(): RolloutHost[] {
    return [...this.#hosts.keys()].filter((host) => host.isAlive);
  }

  #change(): void {
    for (const host of this.#liveHosts()) {
      if (this.#isHealed || this.#chance.happens(0.5)) continue;
      for (const handler of this.#hosts.get(host) ?? []) {
        if (this.#chance.happens(0.5)) host.engine.register(handler);
        else host.engine.unregister(handler.definition);
      }
    }
  }

  /** An operator moves a run by the state it had a while ago. */
  #move(core: SqliteCore): void {
    const runs = core.db.all<{ run: number }>(
      "select l.run from live l join definitions d on d.no = l.definition where d.name = ? and d.version in (1, 3)",
      name,
    );
    const [host] = this.#liveHosts();
    if (runs.length === 0 || host === undefined) return;
    const { run } = this.#chance.pick(runs);
    const seen = core.query("journal", { run })?.run;
    const version = movableTo[seen?.definition.version ?? 0];
    if (seen === undefined || version === undefined) return;
    const { fence, round, definition } = seen;
    host.later(this.#chance.between(0, 300), () => {
      host.engine.store
        .commit({
          kind: "move",
          run,
          seen: { fence, round },
          to: { ...definition, version },
          audit: { actor: "client", verb: "move", why: null },
        })
        // No answer: the operator checks the run.
        .catch(() => {});
    });
  }

  /** From now on every process has all versions. */
  heal(): void {
    this.#isHealed = true;
    for (const host of this.#liveHosts())
      for (const handler of this.#hosts.get(host) ?? []) host.engine.register(handler);
  }
}

/** Drawn from its own random source, so that seeds without a rollout replay unchanged. */
export function drawRollout(seed: number, runsNewest: boolean): Rollout | null {
  const chance = new Chance(seed ^ 0x5e12);
  return chance.happens(0.25) ? new Rollout(chance, runsNewest) : null;
}

function createCode(version: number, outside: Outside): (ctx: Context, nap: number) => Promise<number> {
  return async (ctx, nap) => {
    const step = (key: string): Promise<number> =>
      ctx.step(key, (attempt) => outside.act(ctx.run.id, key, attempt).then(() => version), {
        retry: { attempts: 40, first: 20, max: 400, jitter: 0.2 },
      });
    await step("first");
    if (version === 2) await step("only in 2");
    await ctx.sleep("nap", nap);
    await step("middle");
    await ctx.sleep("another nap", nap);
    return step("last");
  };
}

/** INV-22: every step of a run was executed by the version that the run started with or was last moved to. */
export function checkVersions({ history, core }: { history: HistoryLog; core: SqliteCore }): Violation[] {
  const found: Violation[] = [];
  const current = new Map(
    core.db
      .all<{ run: number; version: number; first: string | null }>(
        `select r.no as run, d.version, (select detail from history h where h.run = r.no and h.kind = 'moved' order by h.no limit 1) as first
         from runs r join definitions d on d.no = r.definition where d.name = ?`,
        name,
      )
      .map(({ run, version, first }) => [run, first === null ? version : (JSON.parse(first) as { from: number }).from]),
  );
  for (const fact of history.facts) {
    if (fact.type === "move") current.set(fact.run, fact.version);
    if (fact.type !== "commit" || fact.outcome !== "ok" || fact.value === null) continue;
    const expected = current.get(fact.run);
    const value: unknown = JSON.parse(fact.value);
    if (expected !== undefined && typeof value === "number" && value !== expected) {
      found.push({
        invariant: "INV-22",
        detail: `run ${fact.run} has version ${expected}, but version ${value} executed "${fact.key}"`,
      });
    }
  }
  return found;
}
