import type { Transition } from "../kernel/model/transition.ts";
import type { CountRow, StoreStats } from "../kernel/ports/queries.ts";

/** Counters of this process since it started. */
export class Metrics {
  #steps = 0;
  #transitions = 0;
  #unownedRejections = 0;
  readonly #commit = new Histogram([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]);

  observe(transition: Transition): void {
    this.#transitions += 1;
    if (transition.kind === "advance" && transition.entries !== undefined) this.#steps += transition.entries.length;
  }

  /** A promise was rejected without being handled, and it belongs to no run for certain. */
  countRejection(): void {
    this.#unownedRejections += 1;
  }

  observeCommit(seconds: number): void {
    this.#commit.observe(seconds);
  }

  /** Prometheus text. */
  render(now: { counts: readonly CountRow[]; stats: StoreStats; active: number; listeners: number }): string {
    const { counts, stats } = now;
    const age = stats.oldestReadyAt === null ? 0 : Math.max(0, stats.now - stats.oldestReadyAt) / 1000;
    return [
      ...family("baton_runs", "gauge", "Runs by definition version and status.", counts.map(countSample)),
      ...family("baton_step_results_total", "counter", "Results recorded by this process.", [["", this.#steps]]),
      ...family("baton_transitions_total", "counter", "Transitions submitted to the store by this process.", [
        ["", this.#transitions],
      ]),
      ...family(
        "baton_unowned_rejections_total",
        "counter",
        "Unhandled promise rejections that belong to no run for certain: logged, and no run was changed.",
        [["", this.#unownedRejections]],
      ),
      ...family("baton_queue_age_seconds", "gauge", "Time that the oldest ready run has been waiting for a worker.", [
        ["", age],
      ]),
      ...family("baton_active_runs", "gauge", "Runs held in memory by this process.", [["", now.active]]),
      ...family(
        "baton_commit_seconds",
        "histogram",
        "Duration of commits, sampled one at a time.",
        this.#commit.samples(),
      ),
      ...family("baton_store_bytes", "gauge", "Size of the store.", [["", stats.bytes]]),
      ...family("baton_stream_listeners", "gauge", "Open live streams.", [["", now.listeners]]),
      "",
    ].join("\n");
  }
}

/** Suffix with labels, and value. */
type Sample = readonly [string, number];

function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([suffix, value]) => `${name}${suffix} ${value}`),
  ];
}

function countSample({ definition, status, count }: CountRow): Sample {
  const { name, version, kind } = definition;
  return [`{name="${quoted(name)}",version="${version}",kind="${kind}",status="${status}"}`, count];
}

function quoted(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  samples(): Sample[] {
    let below = 0;
    const buckets = this.#bounds.map((bound, i): Sample => {
      below += this.#counts[i] ?? 0;
      return [`_bucket{le="${bound}"}`, below];
    });
    return [...buckets, [`_bucket{le="+Inf"}`, this.#count], ["_sum", this.#sum], ["_count", this.#count]];
  }
}
