/** When which fault strikes. The plan comes from the seed alone; what it meets does not. */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";
import { type FaultName, faults, type Stage } from "./faults.ts";

/** One blow. */
export interface Blow {
  readonly fault: FaultName;
  readonly atMs: number;
}

/** A plan of `count` blows over `overMs`: every kind as often as any other, in an order that the seed shuffles. */
export function planBlows(
  random: Random,
  { names, count, overMs }: { names: readonly FaultName[]; count: number; overMs: number },
): readonly Blow[] {
  const deck: FaultName[] = [];
  while (deck.length < count) deck.push(...shuffle(random, names));
  const gapMs = overMs / count;
  return deck.slice(0, count).map((fault, i) => ({ fault, atMs: Math.floor(gapMs * (i + random.below(100) / 100)) }));
}

function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  const rest = [...items];
  return items.map(() => rest.splice(random.below(rest.length), 1)[0] as Item);
}

/** Strikes by the plan; settles when every blow is over. Gives how many of each kind there were. */
export async function strikeAll(
  blows: readonly Blow[],
  stage: Stage,
  { random, signal, log }: { random: Random; signal: AbortSignal; log: (line: string) => void },
): Promise<ReadonlyMap<FaultName, number>> {
  const startedAt = performance.now();
  const counts = new Map<FaultName, number>();
  const underWay: Promise<void>[] = [];
  for (const { fault, atMs } of blows) {
    await delay(Math.max(0, startedAt + atMs - performance.now()), undefined, { signal });
    log(`${((performance.now() - startedAt) / 1000).toFixed(1)}s ${fault}`);
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
    const blow = faults[fault].strike(stage, random);
    blow.catch(() => {});
    underWay.push(blow);
  }
  await Promise.all(underWay);
  return counts;
}
