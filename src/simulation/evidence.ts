import type { SqliteCore } from "../stores/sqlite/core.ts";
import type { Clients } from "./clients.ts";
import type { Faults } from "./faults.ts";
import type { HistoryLog } from "./history.ts";

/** What a simulated run leaves behind for the checks. */
export interface Evidence {
  readonly history: HistoryLog;
  readonly core: SqliteCore;
  readonly clients: Clients;
  readonly faults: Faults;
}
