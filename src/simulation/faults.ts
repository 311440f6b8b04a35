import type { Chance } from "./chance.ts";

/** What may go wrong, as a share of the calls unless stated otherwise. Each seed enables a random part of it. */
export interface Faults {
  readonly crashBefore: number;
  readonly crashAfter: number;
  readonly lostRequest: number;
  readonly lostAnswer: number;
  /** A commit that arrives twice, the second time late, as from a client that lost its connection. */
  readonly duplicated: number;
  readonly slow: number;
  readonly hintLoss: number;
  readonly effectFailsBefore: number;
  readonly effectFailsAfter: number;
  /** Mean ms between pauses of a process; 0 for none. */
  readonly pauseEveryMs: number;
  /** Greatest skew of a process's wall clock, ms. */
  readonly skewMs: number;
  readonly poisonRuns: number;
  readonly hasSnapshotReads: boolean;
}

export const noFaults: Faults = {
  crashBefore: 0,
  crashAfter: 0,
  lostRequest: 0,
  lostAnswer: 0,
  duplicated: 0,
  slow: 0,
  hintLoss: 0,
  effectFailsBefore: 0,
  effectFailsAfter: 0,
  pauseEveryMs: 0,
  skewMs: 0,
  poisonRuns: 0,
  hasSnapshotReads: false,
};

/** Swarm testing: with all faults at full rate, deep states are never reached. */
export function drawFaults(chance: Chance): Faults {
  const some = (rate: number): number => (chance.happens(0.6) ? rate * (0.25 + chance.float()) : 0);
  if (chance.happens(0.05)) return noFaults;
  return {
    crashBefore: some(0.006),
    crashAfter: some(0.006),
    lostRequest: some(0.01),
    lostAnswer: some(0.015),
    slow: some(0.03),
    hintLoss: some(0.3),
    effectFailsBefore: some(0.15),
    effectFailsAfter: some(0.08),
    pauseEveryMs: chance.happens(0.5) ? chance.between(3_000, 12_000) : 0,
    skewMs: chance.happens(0.5) ? 3_000 : 0,
    poisonRuns: chance.happens(0.25) ? chance.between(1, 3) : 0,
    hasSnapshotReads: chance.happens(0.4),
    duplicated: some(0.1),
  };
}
