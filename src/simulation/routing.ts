import { isNextAlone } from "../kernel/decide/routing.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { SqliteCore } from "../stores/sqlite/core.ts";
import { type AnyWorkflow, on, workflow } from "../workflows/definition.ts";
import { Chance } from "./chance.ts";
import type { Evidence } from "./evidence.ts";
import type { Recorded } from "./history.ts";
import type { Violation } from "./violation.ts";

/** What evaluating an event does: it ends soon, it crashes its process, or it never ends. */
export type SignalKind = "good" | "poison" | "stuck";

export interface Signal {
  readonly id: string;
  readonly kind: SignalKind;
  /** Stored by a process that has no triggers, or accepted by one that routes it at once. */
  readonly isKept: boolean;
}

export const signalName = "signal";
/** Time limit of a routing try. */
export const routingLimitMs = 500;

/** The events of a seed whose evaluation runs author code; null in most seeds. Drawn from its own random source. */
export function drawSignals(seed: number): readonly Signal[] | null {
  const chance = new Chance(seed ^ 0x516a1);
  if (!chance.happens(0.3)) return null;
  const kinds: SignalKind[] = Array.from({ length: chance.between(4, 12) }, () => "good");
  for (let i = chance.between(0, 2); i > 0; i--) kinds.push("poison");
  if (chance.happens(0.3)) kinds.push("stuck");
  return kinds.map((kind, i) => ({ id: `${kind}-${i}`, kind, isKept: chance.happens(0.4) }));
}

/** Its key is author code that runs when an event is evaluated. */
export function createSignalled(evaluate: (signal: Signal) => Promise<void>): AnyWorkflow {
  const key = (signal: Signal): string => evaluate(signal).then(() => signal.id) as unknown as string;
  return workflow({ name: "signalled", on: on.event(signalName), key }, async (_ctx, { id }: Signal) => id);
}

/** Whether every event has been routed or is held. */
export function areAllRouted(core: SqliteCore): boolean {
  return core.db.get("select 1 from events where is_routed = 0 limit 1") === undefined;
}

type Evaluation = Extract<Recorded, { type: "evaluate" }>;

/** INV-46 to 48: routing tries. */
export function checkRouting(evidence: Evidence): readonly Violation[] {
  return [...checkDeaths(evidence), ...checkAlone(evidence), ...checkOutcomes(evidence)];
}

function evaluationsOf({ history }: Evidence): readonly Evaluation[] {
  return history.facts.filter((fact) => fact.type === "evaluate");
}

/** INV-46: an event ends at most three processes. */
function checkDeaths(evidence: Evidence): Violation[] {
  const crashes = evaluationsOf(evidence).filter(({ what }) => what === "crash");
  return [...Map.groupBy(crashes, ({ event }) => event)]
    .filter(([, all]) => all.length > defaults.routing.triesMax)
    .map(([event, all]) => ({ invariant: "INV-46", detail: `${event} ended ${all.length} processes` }));
}

/** INV-47: from the second try on, a process evaluates no other event at the same time. */
function checkAlone(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  /** By process: the events that it is evaluating. */
  const running = new Map<number, Evaluation[]>();
  for (const fact of evaluationsOf(evidence)) {
    // What is stopped at the limit may still run, without any effect.
    const others = (running.get(fact.process) ?? []).filter(
      (each) => each.event !== fact.event && fact.at < each.at + routingLimitMs,
    );
    if (fact.what === "begin") {
      const isAlone = (each: Evaluation): boolean => each.isHolder && isNextAlone(each.tries - 1);
      const lone = [fact, ...others].find(isAlone);
      const [other] = others;
      if (lone !== undefined && other !== undefined)
        found.push({
          invariant: "INV-47",
          detail: `process ${fact.process} evaluated ${fact.event} and ${other.event} together, and try ${lone.tries} of ${lone.event} must be alone`,
        });
      others.push(fact);
    }
    running.set(fact.process, others);
  }
  return found;
}

/**
 * INV-48: at the end every event is routed or held. An event is held only after three tries, an event that crashes or
 * blocks its process always is, a held event has no run, and a routed one has one run.
 */
function checkOutcomes(evidence: Evidence): Violation[] {
  const evaluations = evaluationsOf(evidence);
  const rows = evidence.core.db.all<{ id: string; is_routed: number; tries: number; runs: number }>(
    "select id, is_routed, tries, (select count(*) from runs where start_event = events.no) as runs from events where name = ?",
    signalName,
  );
  return rows.flatMap(({ id, is_routed: state, tries, runs }): Violation[] => {
    const bad = (detail: string): Violation[] => [{ invariant: "INV-48", detail: `${id} ${detail}` }];
    if (state === 0) return bad(`waits to be routed after ${tries} tries`);
    if (state === 1) {
      if (!id.startsWith("good")) return bad(`was routed after ${tries} tries`);
      return runs === 1 ? [] : bad(`was routed and started ${runs} runs`);
    }
    const begun = new Set(
      evaluations.filter((each) => each.event === id && each.what === "begin").map((each) => each.tries),
    );
    if (runs > 0) return bad(`is held and started ${runs} runs`);
    if (tries !== defaults.routing.triesMax || begun.size > tries) return bad(`is held after ${tries} tries`);
    return [];
  });
}
