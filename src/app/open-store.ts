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

/** Intervals at which the engine renews leases, polls and sweeps, ms. */
export interface Intervals {
  readonly leaseMs: number;
  readonly beatMs: number;
  readonly pollMs: number;
  readonly sweepMs: number;
  readonly showAfterMs: number;
}

/** A store with what the rest of the process needs to use it. */
export interface OpenStore {
  readonly store: Store;
  readonly feed: ChangeFeed;
  readonly intervals: Intervals;
  /** Publishes the address of this process to other processes on this machine. */
  readonly announce: (url: string) => Promise<void>;
  /** Facts about the machine for the doctor. Null: the store is on another machine. */
  readonly hostFacts: (() => HostFacts) | null;
}

/**
 * While this process has the file open, no other process can hold a run: leases need not expire while the event loop is
 * blocked, and no hint is lost within one process. The remaining renewals and polls cost an idle instance almost
 * nothing.
 */
const exclusiveIntervals: Intervals = {
  leaseMs: 365 * 86_400_000,
  beatMs: 30_000,
  pollMs: 5_000,
  sweepMs: 60_000,
  showAfterMs: defaults.showAfterMs,
};

/**
 * For a store with many workers. The beat also reports whether a run is ready, so an idle worker sends no other
 * statement. Two beats in a row may be lost before the lease expires.
 */
export const sharedIntervals: Intervals = {
  leaseMs: defaults.leaseMs,
  beatMs: 1_200,
  pollMs: 60_000,
  sweepMs: 60_000,
  showAfterMs: defaults.showAfterMs,
};

/**
 * Opens a store for writing. Throws a `StoreError` that names the process that has it open, or explains why it is
 * unreachable.
 */
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

/** Opens a store for reading only, also while other processes use it. */
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
