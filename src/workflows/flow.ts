import { BatonError } from "../kernel/model/errors.ts";
import type { Flow, Keep, RateNeed, SlotNeed } from "../kernel/model/flow.ts";
import { defaults } from "../kernel/model/limits.ts";
import { type Duration, parseDuration } from "../stdx/duration.ts";
import { checkName } from "./options.ts";

type KeyOf<Input> = (input: Input) => string;

/** How many runs may work at once. With `key`, each of its values counts separately. */
export interface ConcurrencyOptions<Input> {
  limit: number;
  key?: KeyOf<Input>;
  /** Counted together with all workflows that use the same name here. Default: this workflow alone. */
  shared?: string;
  /** `work` (default): the slot is released while the run waits. `run`: it is held from the run's start to its end. */
  hold?: "work" | "run";
}

/** At most `limit` starts in any period of `per`. With `key`, each of its values counts separately. */
export interface RateOptions<Input> {
  limit: number;
  per: Duration;
  key?: KeyOf<Input>;
}

/** Starts that follow each other within `wait` become one run with the last input, after `max` at the latest. */
export interface DebounceOptions<Input> {
  wait: Duration;
  /** Default: ten times `wait`. */
  max?: Duration;
  key?: KeyOf<Input>;
}

/** Several starts become one run that receives the list of their inputs, after `size` starts or after `wait`. */
export interface BatchOptions<Input> {
  size: number;
  wait: Duration;
  key?: KeyOf<Input>;
}

/** What a start does while another run of its key is open: it is skipped, is queued, or cancels that run. */
export type SingletonPolicy = "skip" | "queue" | "replace";

/** At most one open run per key. */
export type SingletonOptions<Input> = { key?: KeyOf<Input> } & (
  | { policy: SingletonPolicy; when?: never }
  /** @deprecated Use `policy`. */
  | { when: SingletonPolicy; policy?: never }
);

export interface FlowOptions<Input> {
  concurrency?: ConcurrencyOptions<Input> | readonly ConcurrencyOptions<Input>[];
  /** Starts above the limit are refused with code `rate-limited`. */
  rateLimit?: RateOptions<Input>;
  /** Starts above the limit are delayed. */
  throttle?: RateOptions<Input>;
  debounce?: DebounceOptions<Input>;
  singleton?: SingletonOptions<Input>;
  /** Seconds by which a run is placed ahead of runs queued earlier, -600 to 600. */
  priority?: (input: Input) => number;
  /** A run that has not ended this long after its start fails with code `deadline`. */
  deadline?: Duration;
  /** How long its runs are kept after they end. Overrides the instance's `retention`. */
  retention?: { completed?: Duration; failed?: Duration; cancelled?: Duration };
}

/** The flow options that apply to one start. */
export type FlowOf<Input> = (input: Input) => Flow | undefined;

/** Checks the options and returns a function that computes the flow of each start; null if no flow option is set. */
export function readFlow<Input>(
  name: string,
  options: FlowOptions<Input> & { batch?: BatchOptions<Input> },
  bytesMax: number,
): FlowOf<Input> | null {
  const { concurrency, rateLimit, throttle, debounce, batch, singleton, deadline, retention } = options;
  if (debounce !== undefined && batch !== undefined) throw invalid(name, "debounce and batch cannot be combined");
  const limits = concurrency === undefined ? [] : [concurrency].flat();
  const policy = singleton?.policy ?? singleton?.when;
  const parts: ((input: Input) => Flow)[] = [];
  if (limits.length > 0 || (singleton !== undefined && policy !== "skip"))
    parts.push(slotsPart(name, limits, singleton));
  if (rateLimit !== undefined) parts.push(ratePart(name, "rate", rateLimit));
  if (throttle !== undefined) parts.push(ratePart(name, "throttle", throttle));
  if (debounce !== undefined) parts.push(debouncePart(name, debounce));
  if (batch !== undefined) parts.push(batchPart(name, batch, bytesMax));
  if (singleton !== undefined && policy !== undefined && policy !== "queue")
    parts.push(singletonPart(name, singleton, policy));
  if (deadline !== undefined) {
    const deadlineMs = durationMs(name, "deadline", deadline);
    parts.push(() => ({ deadlineMs }));
  }
  if (retention !== undefined) {
    const keep = keepOf(name, retention);
    parts.push(() => ({ keep }));
  }
  return parts.length === 0 ? null : (input) => Object.assign({}, ...parts.map((part) => part(input)));
}

function keepOf(name: string, { completed, failed, cancelled }: NonNullable<FlowOptions<never>["retention"]>): Keep {
  return {
    ...(completed === undefined ? {} : { completedMs: durationMs(name, "retention.completed", completed) }),
    ...(failed === undefined ? {} : { failedMs: durationMs(name, "retention.failed", failed) }),
    ...(cancelled === undefined ? {} : { cancelledMs: durationMs(name, "retention.cancelled", cancelled) }),
  };
}

function slotsPart<Input>(
  name: string,
  limits: readonly ConcurrencyOptions<Input>[],
  singleton: SingletonOptions<Input> | undefined,
): (input: Input) => Flow {
  const own = ownOf(name);
  const needs = limits.map(({ limit, key, shared, hold }, i) => {
    count(name, "concurrency.limit", limit, slotsMax);
    const base = shared === undefined ? `${own}/${i}` : `shared/${escaped(checkName(shared, "a shared limit's name"))}`;
    return (input: Input): SlotNeed => ({ key: keyOf(name, base, key, input), limit, isKept: hold === "run" });
  });
  if (singleton !== undefined && (singleton.policy ?? singleton.when) !== "skip") {
    const { key } = singleton;
    needs.push((input) => ({ key: keyOf(name, `${ownOf(name)}/one`, key, input), limit: 1, isKept: true }));
  }
  return (input) => ({ slots: distinct(needs.map((need) => need(input))) });
}

/** Of two limits with one key the smaller one applies. */
function distinct(needs: readonly SlotNeed[]): readonly SlotNeed[] {
  const byKey = new Map<string, SlotNeed>();
  for (const need of needs) {
    const known = byKey.get(need.key);
    if (known === undefined || need.limit < known.limit) byKey.set(need.key, need);
  }
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function ratePart<Input>(name: string, what: "rate" | "throttle", options: RateOptions<Input>): (input: Input) => Flow {
  const { limit, per, key } = options;
  count(name, `${what}.limit`, limit, ratesMax);
  const perMs = durationMs(name, `${what}.per`, per);
  return (input) => {
    const need: RateNeed = { key: keyOf(name, `${ownOf(name)}/${what}`, key, input), limit, perMs };
    return what === "rate" ? { rate: need } : { throttle: need };
  };
}

function debouncePart<Input>(name: string, { wait, max, key }: DebounceOptions<Input>): (input: Input) => Flow {
  const waitMs = durationMs(name, "debounce.wait", wait);
  const maxMs = max === undefined ? waitMs * 10 : durationMs(name, "debounce.max", max);
  return (input) => ({ debounce: { key: keyOf(name, `${ownOf(name)}/debounce`, key, input), waitMs, maxMs } });
}

function batchPart<Input>(
  name: string,
  { size, wait, key }: BatchOptions<Input>,
  bytesMax: number,
): (input: Input) => Flow {
  count(name, "batch.size", size, batchesMax);
  const waitMs = durationMs(name, "batch.wait", wait);
  return (input) => ({ batch: { key: keyOf(name, `${ownOf(name)}/batch`, key, input), size, waitMs, bytesMax } });
}

function singletonPart<Input>(
  name: string,
  { key }: SingletonOptions<Input>,
  mode: "skip" | "replace",
): (input: Input) => Flow {
  return (input) => ({ singleton: { key: keyOf(name, `${ownOf(name)}/newest`, key, input), mode } });
}

/** Far above what one process works on at once. Finding a free number among more would be slow. */
const slotsMax = 10_000;
/** A key has one row for each start in its window. */
const ratesMax = 100_000;
const batchesMax = 10_000;

/**
 * The prefix of a workflow's own limit keys: a name with a slash, or `shared`, must not clash with the keys of another.
 */
function ownOf(name: string): string {
  return name === "shared" ? "%shared" : escaped(name);
}

function escaped(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("/", "%2F");
}

function keyOf<Input>(name: string, base: string, key: KeyOf<Input> | undefined, input: Input): string {
  if (key === undefined) return base;
  return `${base}/${checkName(key(input), `a key of ${name}'s limits`, defaults.keyMax)}`;
}

function count(name: string, what: string, value: number, max: number): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= max))
    throw invalid(name, `${what} must be a whole number from 1 to ${max}, not ${value}`);
}

function durationMs(name: string, what: string, value: Duration): number {
  let ms: number;
  try {
    ms = parseDuration(value);
  } catch (cause) {
    throw invalid(name, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!(ms > 0)) throw invalid(name, `${what} must be longer than 0 ms`);
  return ms;
}

function invalid(name: string, problem: string): BatonError {
  return new BatonError("invalid-option", `${name}: ${problem}`);
}
