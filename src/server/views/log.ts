import type { LogRow } from "../../kernel/ports/queries.ts";
import type { LogEntry } from "../../wire/history.ts";
import { iso } from "./time.ts";

export function logView(row: LogRow): LogEntry {
  return {
    at: iso(row.at),
    level: row.level,
    step: row.key,
    message: row.message,
    data: row.data === null ? null : readable(row.data),
  };
}

/** Log data is cut to its limit when it is written, so it may be the beginning of a JSON text only. */
function readable(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
