import { diagnose, planRepairs } from "../decide/doctor.ts";
import { type Finding, type HostFacts, type InvariantViolation, type RepairCode, repairs } from "../model/doctor.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";

export interface Examination {
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** What can be repaired, and what was repaired if that was requested. */
  readonly repairs: readonly Repair[];
}

export interface Repair {
  readonly repair: RepairCode;
  readonly what: string;
  /** Number of affected rows. */
  readonly count: number;
  /** At most ten of their ids. */
  readonly where: readonly string[];
  /** How many were repaired; null: no repair was requested. */
  readonly mended: number | null;
}

/** Rows repaired in one transaction: few, because all runs wait for it. */
const repairBatch = 100;
/** One check returns a limited number of rows, and one repair may reveal the need for another. */
const roundsMax = 1_000;

/** Checks a live store, and repairs what it finds on request. */
export class Doctor {
  readonly #store: Store;
  readonly #random: Random;

  constructor(store: Store, random: Random) {
    this.#store = store;
    this.#random = random;
  }

  async examine(options: { full?: boolean; host?: HostFacts | null; knownSchema?: number } = {}): Promise<Examination> {
    const { full = false, host = null, knownSchema } = options;
    const [checkup, violations, stats] = await Promise.all([
      this.#store.query("checkup", { full }),
      this.#store.query("violations", {}),
      this.#store.query("stats", {}),
    ]);
    const schema = { found: stats.schema, known: knownSchema ?? stats.schema };
    const plan = planRepairs(violations).map(({ repair, violations: same }) => toRepair(repair, same, null));
    return { findings: diagnose({ checkup, violations, schema, host, unreadable: null }), repairs: plan };
  }

  /**
   * Repairs everything that can be repaired, each repair in its own short, audited transactions. A repair that fixes
   * nothing more is not tried again.
   */
  async repair(by: { actor: string; why: string | null }): Promise<readonly Repair[]> {
    const done = new Map<RepairCode, Repair>();
    const stuck = new Set<RepairCode>();
    for (let round = 0; round < roundsMax; round++) {
      const violations = await this.#store.query("violations", {});
      const next = planRepairs(violations).find(({ repair }) => !stuck.has(repair));
      if (next === undefined) break;
      const { repair } = next;
      const { mended } = await this.#store.commit({
        kind: "repair",
        id: this.#random.uuid(),
        repair,
        targets: [...new Set(next.violations.map((violation) => violation.id))].slice(0, repairBatch),
        drifts: repair === "recount" ? await this.#store.query("counterDrift", {}) : [],
        audit: { ...by, verb: "repair" },
      });
      if (mended === 0) stuck.add(repair);
      const before = done.get(repair) ?? toRepair(repair, next.violations, 0);
      done.set(repair, { ...before, mended: (before.mended ?? 0) + mended });
    }
    return [...done.values()];
  }
}

function toRepair(repair: RepairCode, violations: readonly InvariantViolation[], mended: number | null): Repair {
  const where = [...new Set(violations.map((violation) => violation.id))];
  return { repair, what: repairs[repair], count: where.length, where: where.slice(0, 10), mended };
}
