import type { RunRow } from "../kernel/model/run.ts";
import { isAtRest } from "../kernel/model/status.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Store } from "../kernel/ports/store.ts";

/** Poll interval for followed runs. */
const lookMs = 1_000;

/**
 * Reports new results of followed runs, whichever worker executes them. Recording has no extra cost. While runs that
 * have not ended are followed, one statement a second reads the newest result of all of them; otherwise there is none.
 */
export class RunWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #report: (rows: readonly RunRow[]) => void;
  /** Number of results last reported for each followed run. */
  readonly #reported = new Map<number, number>();
  /** Runs whose status is final until a change is reported. Runs in neither set are polled. */
  readonly #resting = new Set<number>();
  /** Runs that may have changed since they were read. */
  readonly #stirred = new Set<number>();
  #followed: ReadonlySet<number> = new Set();
  #stopWaiting: (() => void) | null = null;
  #isLooking = false;

  constructor(store: Store, clock: Clock, report: (rows: readonly RunRow[]) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#report = report;
  }

  /** Replaces the set of followed runs. */
  follow(runs: ReadonlySet<number>): void {
    for (const run of runs) if (!this.#followed.has(run)) this.#stirred.add(run);
    for (const known of [this.#reported, this.#resting, this.#stirred])
      for (const run of known.keys()) if (!runs.has(run)) known.delete(run);
    this.#followed = runs;
    this.#wait();
  }

  /** A run has ended or was resumed. */
  stir(run: number): void {
    if (!this.#followed.has(run)) return;
    this.#stirred.add(run);
    this.#resting.delete(run);
    this.#wait();
  }

  #wait(): void {
    // The current poll ends with another wait.
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
      // The store cannot be read now; the next poll reports it.
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
