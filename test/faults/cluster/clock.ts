/** The wall clock of one process, moved by libfaketime where the machine has it. */
import { existsSync, globSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A clock that can be moved. */
export interface Clock {
  /** Environment of the process that uses this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets its offset from now on, ms. */
  set(offsetMs: number): void;
}

/** The path of the library, or null. `BATON_TEST_FAKETIME` names another location. */
export function findFaketime(): string | null {
  const named = process.env["BATON_TEST_FAKETIME"];
  if (named !== undefined && existsSync(named)) return named;
  return globSync("/usr/lib/*/faketime/libfaketime.so.1")[0] ?? null;
}

/** Opens a clock that is correct until it is set. */
export function openClock(library: string, folder: string, name: string): Clock {
  const file = join(folder, `clock-${name}`);
  const set = (offsetMs: number): void => {
    const sign = offsetMs < 0 ? "-" : "+";
    writeFileSync(file, `${sign}${(Math.abs(offsetMs) / 1000).toFixed(3)}\n`);
  };
  set(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
    set,
  };
}
