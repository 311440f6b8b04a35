/** The logs of the five systems, read from disk past the systems themselves. */
import { SYSTEM_NAMES, type SystemName } from "../../examples/customer-onboarding/systems/directory.ts";
import { type LoggedOperation, openLedgerReader } from "../../examples/customer-onboarding/systems/ledger.ts";
import type { Systems } from "../../examples/customer-onboarding/systems/start.ts";

/** What the systems did, as they wrote it down themselves. */
export interface Witnesses {
  acts(name: SystemName): readonly LoggedOperation[];
  /** How often all systems together have acted. */
  actCount(): number;
  /** How often all systems together recognised a repeated key and did not act. */
  repeatCount(): number;
  close(): void;
}

/** Opens the five logs. They stay open: the storm counts acts every few milliseconds to time its blows. */
export function openWitnesses(systems: Systems): Witnesses {
  const readers = new Map(SYSTEM_NAMES.map((name) => [name, openLedgerReader(systems.get(name).dataDir)]));
  const sum = (count: (reader: ReturnType<typeof openLedgerReader>) => number): number =>
    [...readers.values()].reduce((total, reader) => total + count(reader), 0);
  return {
    acts: (name) => readers.get(name)?.operations() ?? [],
    actCount: () => sum((reader) => reader.operationCount()),
    repeatCount: () => sum((reader) => reader.repeats().length),
    close: () => {
      for (const reader of readers.values()) reader.close();
    },
  };
}
