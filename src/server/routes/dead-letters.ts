import { decodeToken, pageOf } from "../page-token.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { pageOf as pageSchema } from "../schema/components.ts";
import { object, text } from "../schema/schema.ts";
import { causeView } from "../views/cause.ts";
import { summaryView } from "../views/run.ts";
import { limitOf, type Paging, paging } from "./paging.ts";

export const deadLetterRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/dead-letters",
    id: "listDeadLetters",
    summary: "Lists failed runs that need a person, grouped by error, or with `fingerprint` the runs of one error.",
    scope: "runs:read",
    query: object(
      { fingerprint: text(200), name: text(200, "Name of the workflow; requires fingerprint."), ...paging },
      { optional: ["fingerprint", "name", "limit", "pageToken"] },
    ),
    answers: {
      200: {
        description: "Groups, largest first; or one page of runs, newest first.",
        schema: { anyOf: [pageSchema("DeadLetterGroup"), pageSchema("RunSummary")] },
      },
    },
    handle: (call) => ((call.query as { fingerprint?: string }).fingerprint === undefined ? groups(call) : runs(call)),
  },
];

async function groups({ query, services }: Call): Promise<RouteResponse> {
  const { store } = services;
  const [rows, { now }] = await Promise.all([
    store.query("deadGroups", { limit: limitOf(query as Paging) }),
    store.query("now", {}),
  ]);
  return { status: 200, body: { items: rows.map((row) => causeView(row, now)), nextPageToken: null } };
}

async function runs({ query, services }: Call): Promise<RouteResponse> {
  const { fingerprint = "", name, ...page } = query as Paging & { fingerprint?: string; name?: string };
  const limit = limitOf(page);
  const rows = await services.store.query("deadLetters", {
    fingerprint,
    ...(name === undefined ? {} : { definition: name }),
    before: decodeToken("dead", page.pageToken),
    limit: limit + 1,
  });
  return { status: 200, body: pageOf("dead", rows, limit, (row) => row.no, summaryView) };
}
