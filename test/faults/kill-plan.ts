/**
 * When to strike. A kill in the middle of the acts is the common case; the two others hit what a running Baton does not
 * show: a start that is stored but not yet answered, and a recovery that dies itself.
 *
 * The engine gives up on a run that dies alone again and again without any commit. It cannot know that the blows come
 * from outside until some such run commits after all. So now and then a blow waits until all runs from before are at
 * rest: the tail of a storm would otherwise be one run that is struck each time, which is what a poison run looks like.
 */
import type { Random } from "./random.ts";

/** How far into its moment a kill comes. */
export type Moment =
  /** After this share of the acts that are ahead. */
  | { readonly name: "amid acts"; readonly share: number }
  | { readonly name: "amid starts"; readonly afterStarts: number }
  | { readonly name: "in recovery"; readonly afterMs: number };

/** One kill. */
export interface Strike {
  readonly moment: Moment;
  /** Whether all runs sent so far come to rest before new ones are sent and struck. */
  readonly isAfterRest: boolean;
}

/** About as long as Baton needs to come up and lease again. */
const RECOVERY_MS = 400;
/** The weights of the moments; the rest is recovery. */
const WEIGHTS = { amidActs: 12, amidStarts: 4, of: 20 };
const REST_EVERY = 20;

/** Not to the last act: with nothing ahead the kill would hit an idle Baton. */
const SHARE_MAX = 0.9;

/** A plan of `kills` strikes over `runs` runs. */
export function planStrikes(random: Random, { runs, kills }: { runs: number; kills: number }): Strike[] {
  const startsPerKill = Math.max(1, Math.floor(runs / kills));
  const strikes: Strike[] = [];
  for (let index = 0; index < kills; index += 1) {
    const isAfterRest = index > 0 && index % REST_EVERY === 0;
    // A quick blow never follows another, nor comes first: nothing would have been done in between.
    const mayBeQuick = !isAfterRest && strikes.at(-1)?.moment.name === "amid acts";
    strikes.push({ moment: mayBeQuick ? anyMoment(random, startsPerKill) : amidActs(random), isAfterRest });
  }
  return strikes;
}

function anyMoment(random: Random, startsPerKill: number): Moment {
  const die = random.below(WEIGHTS.of);
  if (die < WEIGHTS.amidActs) return amidActs(random);
  if (die < WEIGHTS.amidActs + WEIGHTS.amidStarts) {
    return { name: "amid starts", afterStarts: 1 + random.below(startsPerKill) };
  }
  return { name: "in recovery", afterMs: random.below(RECOVERY_MS) };
}

function amidActs(random: Random): Moment {
  return { name: "amid acts", share: (SHARE_MAX * random.below(100)) / 100 };
}
