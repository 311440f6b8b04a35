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

/** Log data is truncated when it is written, so it may be an incomplete JSON text. */
function readable(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
