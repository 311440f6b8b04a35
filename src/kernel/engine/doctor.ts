import { diagnose, planRepairs } from "../decide/doctor.ts";
import { type Finding, type HostFacts, type InvariantViolation, type RepairCode, repairs } from "../model/doctor.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";

export interface Examination {
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** What can be mended, and has been when that was asked for. */
  readonly repairs: readonly Repair[];
}

export interface Repair {
  readonly repair: RepairCode;
  readonly what: string;
  /** How many it is for. */
  readonly count: number;
  /** At most ten of them. */
  readonly where: readonly string[];
  /** How many it has mended; null: it was not asked for. */
  readonly mended: number | null;
}

/** Rows that are mended in one transaction: short, since all runs wait for it. */
const repairBatch = 100;
/** What is found at once is bounded, and one repair may show the need of another. */
const roundsMax = 1_000;

/** Looks at a live store, and mends what it finds when told to. */
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
   * Mends all that can be mended, each repair in short transactions of their own and on record. A repair that mends
   * nothing more ends it.
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
