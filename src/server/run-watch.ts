import type { RunRow } from "../kernel/model/run.ts";
import { isAtRest } from "../kernel/model/status.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Store } from "../kernel/ports/store.ts";

/** How often followed runs are looked at. */
const lookMs = 1_000;

/**
 * Tells of results that followed runs have recorded, whoever works on them. Recording pays nothing for it: while somebody
 * follows runs that are not at rest, one statement a second asks for the newest result of all of them, and none at all
 * otherwise.
 */
export class RunWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #report: (rows: readonly RunRow[]) => void;
  /** Results of each followed run, as they were last told. */
  readonly #reported = new Map<number, number>();
  /** Runs whose status is known to be final until they stir. All that are in neither set are looked at. */
  readonly #resting = new Set<number>();
  /** Runs that may stand elsewhere than when they were read. */
  readonly #stirred = new Set<number>();
  #followed: ReadonlySet<number> = new Set();
  #stopWaiting: (() => void) | null = null;
  #isLooking = false;

  constructor(store: Store, clock: Clock, report: (rows: readonly RunRow[]) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#report = report;
  }

  /** From now on these runs and no others. */
  follow(runs: ReadonlySet<number>): void {
    for (const run of runs) if (!this.#followed.has(run)) this.#stirred.add(run);
    for (const known of [this.#reported, this.#resting, this.#stirred])
      for (const run of known.keys()) if (!runs.has(run)) known.delete(run);
    this.#followed = runs;
    this.#wait();
  }

  /** A run has ended or was set going again. */
  stir(run: number): void {
    if (!this.#followed.has(run)) return;
    this.#stirred.add(run);
    this.#resting.delete(run);
    this.#wait();
  }

  #wait(): void {
    // The look under way ends with another wait.
    if (this.#isLooking) return;
    if (this.#moving().length === 0) {
      this.#stopWaiting?.();
      this.#stopWaiting = null;
    } else this.#stopWaiting ??= this.#clock.after(lookMs, () => void this.#look());
  }

  #moving(): readonly number[] {
    return [...this.#followed].filter((run) => !this.#resting.has(run));
  }

  async #look(): Promise<void> {
    this.#stopWaiting = null;
    this.#isLooking = true;
    try {
      const moving = this.#moving();
      const progress = new Map(
        (await this.#store.query("progress", { runs: moving })).map(({ run, steps }) => [run, steps]),
      );
      const moved = moving.filter((run) => this.#stirred.has(run) || this.#reported.get(run) !== progress.get(run));
      if (moved.length > 0) this.#learn(await this.#store.query("runsOf", { runs: moved }));
    } catch {
      // The store cannot be read now; the next look tells.
    }
    this.#isLooking = false;
    this.#wait();
  }

  #learn(rows: readonly RunRow[]): void {
    const followed = rows.filter((row) => this.#followed.has(row.no));
    const moved = followed.filter((row) => (this.#reported.get(row.no) ?? 0) !== row.stepsDone);
    for (const row of followed) {
      if (row.stepsDone > 0) this.#reported.set(row.no, row.stepsDone);
      this.#stirred.delete(row.no);
      if (isAtRest(row.status)) this.#resting.add(row.no);
    }
    this.#report(moved);
  }
}
