import type { AuditRow } from "../../kernel/ports/queries.ts";
import type { AuditEntry } from "../../wire/audit.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { pageOf as pageSchema } from "../schema/components.ts";
import { object } from "../schema/schema.ts";
import { iso } from "../views/time.ts";
import { limitOf, type Paging, paging } from "./paging.ts";

export const auditRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/audit",
    id: "listAudit",
    summary: "Lists the audit log: who did what to which run or schedule, and why; newest first.",
    scope: "store:read",
    query: object(paging, { optional: ["limit", "pageToken"] }),
    answers: { 200: { description: "One page.", schema: pageSchema("AuditEntry") } },
    handle: list,
  },
];

async function list({ query, services }: Call): Promise<RouteResponse> {
  const limit = limitOf(query as Paging);
  const before = decodeToken("audit", (query as Paging).pageToken);
  const rows = await services.store.query("audit", { run: null, before, limit: limit + 1 });
  return { status: 200, body: pageOf("audit", rows, limit, (row) => row.no, entryOf) };
}

function entryOf({ at, actor, verb, run, schedule, why }: AuditRow): AuditEntry {
  return { at: iso(at), actor, verb, run, schedule, why };
}
