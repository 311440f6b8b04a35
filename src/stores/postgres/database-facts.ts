import type { DatabaseFacts } from "../sql/context.ts";
import type { Work } from "../sql/work.ts";
import { asked } from "./statements.ts";

/** Facts that the server reports about the store. */
export class PostgresFacts implements DatabaseFacts {
  readonly #schema: string;

  constructor(schema: string) {
    this.#schema = schema;
  }

  *version(): Work<string> {
    return `PostgreSQL ${(yield* asked.get<{ v: string }>("select current_setting('server_version') as v"))?.v ?? ""}`;
  }

  *schema(): Work<number> {
    return (
      (yield* asked.get<{ version: number | null }>("select max(version) as version from migrations"))?.version ?? 0
    );
  }

  /** Size of tables with their indexes and large values. Free space inside them is unknown without reading them. */
  *bytes(): Work<{ bytes: number; freeBytes: number }> {
    const row = yield* asked.get<{ bytes: number | null }>(
      `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = ? and c.relkind = 'r'`,
      this.#schema,
    );
    return { bytes: row?.bytes ?? 0, freeBytes: 0 };
  }

  /** The log is shared by the whole server. */
  *walBytes(): Work<number> {
    return 0;
  }

  /** The server checks its pages itself if data checksums are enabled. */
  *damages(): Work<readonly string[]> {
    return [];
  }
}
