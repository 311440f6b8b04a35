/** When each fault is injected. The plan depends on the seed alone; its effects do not. */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";
import { type FaultName, type FaultTarget, faults } from "./faults.ts";

/** One fault at its time. */
export interface PlannedFault {
  readonly fault: FaultName;
  readonly atMs: number;
}

/** A plan of `count` faults over `overMs`: all kinds equally often, in an order that the seed shuffles. */
export function planFaults(
  random: Random,
  { names, count, overMs }: { names: readonly FaultName[]; count: number; overMs: number },
): readonly PlannedFault[] {
  const deck: FaultName[] = [];
  while (deck.length < count) deck.push(...shuffle(random, names));
  const gapMs = overMs / count;
  return deck.slice(0, count).map((fault, i) => ({ fault, atMs: Math.floor(gapMs * (i + random.below(100) / 100)) }));
}

function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  const rest = [...items];
  return items.map(() => rest.splice(random.below(rest.length), 1)[0] as Item);
}

/** Injects the planned faults; resolves with the count of each kind when all are over. */
export async function injectAll(
  plan: readonly PlannedFault[],
  target: FaultTarget,
  { random, signal, log }: { random: Random; signal: AbortSignal; log: (line: string) => void },
): Promise<ReadonlyMap<FaultName, number>> {
  const startedAt = performance.now();
  const counts = new Map<FaultName, number>();
  const running: Promise<void>[] = [];
  for (const { fault, atMs } of plan) {
    await delay(Math.max(0, startedAt + atMs - performance.now()), undefined, { signal });
    log(`${((performance.now() - startedAt) / 1000).toFixed(1)}s ${fault}`);
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
    const injection = faults[fault].inject(target, random);
    injection.catch(() => {});
    running.push(injection);
  }
  await Promise.all(running);
  return counts;
}
