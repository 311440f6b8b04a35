import { existsSync } from "node:fs";
import { diagnose } from "../kernel/decide/doctor.ts";
import type { Examination } from "../kernel/engine/doctor.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { readHostFacts } from "./host-facts.ts";
import { readSchema } from "./migrate-store.ts";

/**
 * Findings about a store that cannot be opened: damaged, of another schema, or of another application. Null if it can
 * be opened.
 */
export function examineFile(store: string): Examination | null {
  const host = readHostFacts(store);
  const none = { checkup: null, violations: null, host };
  if (!existsSync(store)) return null;
  try {
    const schema = readSchema(store);
    if (schema.found === schema.known) return null;
    return { findings: diagnose({ ...none, schema, unreadable: null }), repairs: [] };
  } catch (error) {
    const known = error instanceof BatonError ? error : null;
    const message = error instanceof Error ? error.message : String(error);
    const unreadable = { message: `the store cannot be read: ${message}`, hint: known?.hint ?? null };
    return { findings: diagnose({ ...none, schema: null, unreadable }), repairs: [] };
  }
}
