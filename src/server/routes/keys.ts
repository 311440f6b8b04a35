import { defaults } from "../../kernel/model/limits.ts";
import type { RunRow } from "../../kernel/model/run.ts";
import { isAtRest } from "../../kernel/model/status.ts";
import type { Queries } from "../../kernel/ports/queries.ts";
import type { KeyEntry, KeyTimeline } from "../../wire/key.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { object, ref } from "../schema/schema.ts";
import { iso } from "../views/time.ts";
import { limitOf, type Paging, paging } from "./paging.ts";

export const keyRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/keys/{key}",
    id: "getKey",
    summary:
      "Returns the timeline of a business key: its runs, the events they received and the actions on them. Pages count runs.",
    scope: "runs:read",
    query: object(paging, { optional: ["limit", "pageToken"] }),
    answers: { 200: { description: "The timeline, newest first.", schema: ref("KeyTimeline") } },
    handle: timeline,
  },
];

async function timeline({ params, query, services }: Call): Promise<RouteResponse> {
  const { store } = services;
  const key = (params["key"] ?? "").slice(0, defaults.keyMax);
  const limit = limitOf(query as Paging);
  const before = decodeToken("keys", (query as Paging).pageToken);
  const rows = await store.query("runs", { key, before, limit: limit + 1 });
  const page = pageOf(
    "keys",
    rows,
    limit,
    (row) => row.no,
    (row) => row,
  );
  const related = await store.query("keyEntries", { runs: page.items.map(({ no }) => no) });
  const entries = page.items
    .flatMap((row) => entriesOf(row, related))
    .toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  const body: KeyTimeline = { key, entries, nextPageToken: page.nextPageToken };
  return { status: 200, body };
}

/** The timeline of one run, newest first. */
function entriesOf(row: RunRow, { acts, events }: Queries["keyEntries"]["result"]): readonly KeyEntry[] {
  const { id: run, definition, status, origin } = row;
  const of = (at: number, kind: KeyEntry["kind"], actor: string | null, text: string | null): KeyEntry => ({
    at: iso(at),
    kind,
    run,
    name: definition.name,
    status,
    actor,
    text,
  });
  const from = origin.event ?? origin.schedule ?? null;
  return [
    of(row.createdAt, "started", origin.by, from),
    ...events.filter((each) => each.run === row.no).map(({ at, name }) => of(at, "event", null, name)),
    ...acts
      .filter((each) => each.run === row.no)
      .map(({ at, actor, verb, why }) =>
        verb === "note" ? of(at, "note", actor, why) : of(at, "act", actor, why === null ? verb : `${verb}: ${why}`),
      ),
    ...(row.endedAt === null || !isAtRest(status) ? [] : [of(row.endedAt, "ended", null, row.error?.message ?? null)]),
  ].toReversed();
}
