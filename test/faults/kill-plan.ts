/**
 * When to kill. Most kills happen during operations; the two other kinds hit states that a running Baton does not show: a
 * start that is stored but not yet answered, and a recovery that is killed itself.
 *
 * The engine gives up on a run that repeatedly crashes alone without any commit. It cannot know that the kills come from
 * outside until such a run commits after all. So some kills wait until all earlier runs have ended: otherwise the end of a
 * storm would be one run that is killed each time, which looks like a poison run.
 */
import type { Random } from "./random.ts";

/** When a kill happens. */
export type KillTime =
  /** After this share of the remaining operations. */
  | { readonly name: "during operations"; readonly share: number }
  | { readonly name: "during starts"; readonly afterStarts: number }
  | { readonly name: "in recovery"; readonly afterMs: number };

/** One kill. */
export interface Kill {
  readonly time: KillTime;
  /** Whether all runs sent so far must end before new ones are sent and the kill happens. */
  readonly isAfterEnds: boolean;
}

/** About as long as Baton needs to start and lease again. */
const RECOVERY_MS = 400;
/** The weights of the kill times; the rest is recovery. */
const WEIGHTS = { duringOperations: 12, duringStarts: 4, of: 20 };
const WAIT_EVERY = 20;

/** Not up to the last operation: with nothing left the kill would hit an idle Baton. */
const SHARE_MAX = 0.9;

/** A plan of `kills` kills over `runs` runs. */
export function planKills(random: Random, { runs, kills }: { runs: number; kills: number }): Kill[] {
  const startsPerKill = Math.max(1, Math.floor(runs / kills));
  const plan: Kill[] = [];
  for (let index = 0; index < kills; index += 1) {
    const isAfterEnds = index > 0 && index % WAIT_EVERY === 0;
    // A quick kill never follows another one and is never the first: nothing would have happened in between.
    const mayBeQuick = !isAfterEnds && plan.at(-1)?.time.name === "during operations";
    plan.push({ time: mayBeQuick ? anyTime(random, startsPerKill) : duringOperations(random), isAfterEnds });
  }
  return plan;
}

function anyTime(random: Random, startsPerKill: number): KillTime {
  const draw = random.below(WEIGHTS.of);
  if (draw < WEIGHTS.duringOperations) return duringOperations(random);
  if (draw < WEIGHTS.duringOperations + WEIGHTS.duringStarts) {
    return { name: "during starts", afterStarts: 1 + random.below(startsPerKill) };
  }
  return { name: "in recovery", afterMs: random.below(RECOVERY_MS) };
}

function duringOperations(random: Random): KillTime {
  return { name: "during operations", share: (SHARE_MAX * random.below(100)) / 100 };
}
