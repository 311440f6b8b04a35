/** The logs of the five systems, read directly from disk. */
import { SYSTEM_NAMES, type SystemName } from "../../examples/customer-onboarding/systems/directory.ts";
import { type LoggedOperation, openLedgerReader } from "../../examples/customer-onboarding/systems/ledger.ts";
import type { Systems } from "../../examples/customer-onboarding/systems/start.ts";

/** What the systems did, from their own logs. */
export interface Witnesses {
  operations(name: SystemName): readonly LoggedOperation[];
  /** Number of operations of all systems together. */
  operationCount(): number;
  /** Number of requests that the systems recognised as repeats and did not execute. */
  repeatCount(): number;
  close(): void;
}

/** Opens the five logs. They stay open: the storm counts operations every few milliseconds to time its kills. */
export function openWitnesses(systems: Systems): Witnesses {
  const readers = new Map(SYSTEM_NAMES.map((name) => [name, openLedgerReader(systems.get(name).dataDir)]));
  const sum = (count: (reader: ReturnType<typeof openLedgerReader>) => number): number =>
    [...readers.values()].reduce((total, reader) => total + count(reader), 0);
  return {
    operations: (name) => readers.get(name)?.operations() ?? [],
    operationCount: () => sum((reader) => reader.operationCount()),
    repeatCount: () => sum((reader) => reader.repeats().length),
    close: () => {
      for (const reader of readers.values()) reader.close();
    },
  };
}
