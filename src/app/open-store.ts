import { randomInt } from "node:crypto";
import type { HostFacts } from "../kernel/model/doctor.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { ChangeFeed } from "../server/stream-hub.ts";
import { PostgresStore } from "../stores/postgres/store.ts";
import { SqliteStore } from "../stores/sqlite/store.ts";
import { readHostFacts } from "./host-facts.ts";
import { type LocalNotifier, systemClock } from "./platform.ts";
import { openReadOnlyStore } from "./read-only-store.ts";
import type { StoreAddress } from "./store-address.ts";

/** How often the engine renews, looks and sweeps, ms. */
export interface Intervals {
  readonly leaseMs: number;
  readonly beatMs: number;
  readonly pollMs: number;
  readonly sweepMs: number;
  readonly showAfterMs: number;
}

/** A store with what the process around it has to know. */
export interface OpenStore {
  readonly store: Store;
  readonly feed: ChangeFeed;
  readonly intervals: Intervals;
  /** Tells other processes of this machine where this one is reached. */
  readonly announce: (url: string) => Promise<void>;
  /** What the doctor is told of the machine; null: the store lies elsewhere. */
  readonly hostFacts: (() => HostFacts) | null;
}

/**
 * Nobody else can hold a run while this process holds the file: its lease need not run out under a blocked event loop,
 * and no hint is lost inside one process. What is left of renewing and looking costs an idle instance next to nothing.
 */
const exclusiveIntervals: Intervals = {
  leaseMs: 365 * 86_400_000,
  beatMs: 30_000,
  pollMs: 5_000,
  sweepMs: 60_000,
  showAfterMs: defaults.showAfterMs,
};

/**
 * Among many workers. The beat also tells whether something is ready, so that an idle worker asks nothing else: one
 * statement in this time, and two of them may be lost before the lease is.
 */
export const sharedIntervals: Intervals = {
  leaseMs: defaults.leaseMs,
  beatMs: 1_200,
  pollMs: 60_000,
  sweepMs: 60_000,
  showAfterMs: defaults.showAfterMs,
};

/** Opens a store to write. Throws a `StoreError` that says who has it or why it cannot be reached. */
export async function openStore(
  address: StoreAddress,
  notifier: LocalNotifier,
  { offloadOver }: { offloadOver: number },
): Promise<OpenStore> {
  const subscribe = notifier.subscribe.bind(notifier);
  if (address.kind === "postgres") {
    const seat = newSeat();
    const store = await PostgresStore.open(address.url, { notifier, clock: systemClock, seat });
    return {
      store,
      feed: { subscribe, watch: (isWatched) => store.watch(isWatched) },
      intervals: sharedIntervals,
      announce: async () => {},
      hostFacts: null,
    };
  }
  const { path } = address;
  const store = await SqliteStore.open(path, notifier, { offloadOver });
  return {
    store,
    feed: { subscribe, watch: (isWatched) => store.watch(isWatched) },
    intervals: exclusiveIntervals,
    announce: (url) => store.announce(url),
    hostFacts: () => readHostFacts(path),
  };
}

/** A store to look at only, beside whoever works on it. */
export async function openToRead(address: StoreAddress, notifier: LocalNotifier): Promise<OpenStore> {
  const feed = { subscribe: notifier.subscribe.bind(notifier), watch: () => {} };
  const rest = { feed, announce: async () => {} };
  if (address.kind === "postgres") {
    const store = await PostgresStore.open(address.url, {
      notifier,
      clock: systemClock,
      seat: newSeat(),
      migrates: false,
    });
    return { ...rest, store, intervals: sharedIntervals, hostFacts: null };
  }
  const { path } = address;
  return {
    ...rest,
    store: openReadOnlyStore(path),
    intervals: exclusiveIntervals,
    hostFacts: () => readHostFacts(path),
  };
}

function newSeat(): number {
  return randomInt(2 ** 48 - 1);
}
