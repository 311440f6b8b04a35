import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { ViewRow } from "../../kernel/model/view.ts";
import type { SavedView, ViewBody } from "../../wire/view.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { list, object, ref, text } from "../schema/schema.ts";
import { iso } from "../views/time.ts";

/** Views are shared by all users of the store, until there are accounts. */
export const viewRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/views",
    id: "listViews",
    summary: "Lists the saved filters of the run list, by name.",
    scope: "runs:read",
    answers: { 200: { description: "All saved filters.", schema: object({ items: list(ref("SavedView")) }) } },
    handle: async ({ services }) => ({
      status: 200,
      body: { items: (await services.store.query("views", {})).map(viewOf) },
    }),
  },
  {
    method: "POST",
    path: "/api/views",
    id: "saveView",
    summary: "Saves a filter under a name. An existing filter with this name is replaced.",
    scope: "runs:write",
    body: {
      schema: object({
        name: text(80),
        query: text(2_000, "Query of GET /api/runs, for example status=failed&name=onboarding."),
      }),
      payloadMax: () => 0,
    },
    answers: { 200: { description: "The view.", schema: ref("SavedView") } },
    handle: save,
  },
  {
    method: "POST",
    path: "/api/views/{id}/remove",
    id: "removeView",
    summary: "Removes a saved filter.",
    scope: "runs:write",
    body: { schema: object({}), isOptional: true, payloadMax: () => 0 },
    answers: { 200: { description: "The removed filter.", schema: ref("SavedView") } },
    handle: remove,
  },
];

async function save({ body, services }: Call): Promise<RouteResponse> {
  const { name, query } = body as ViewBody;
  const { store, actor } = services;
  const id = `view_${crypto.randomUUID()}`;
  const outcome = await store.commit({ kind: "keep-view", id, name: name.trim(), query, actor });
  if (!outcome.ok) {
    throw new BatonError("limit", `the limit of ${defaults.viewsMax} saved views is reached`, {
      hint: "remove one first",
    });
  }
  return { status: 200, body: outcome.view === null ? null : viewOf(outcome.view) };
}

async function remove({ params, services }: Call): Promise<RouteResponse> {
  const outcome = await services.store.commit({ kind: "remove-view", id: params["id"] ?? "" });
  if (!outcome.ok || outcome.view === null)
    throw new BatonError("not-found", "saved view not found", { hint: "GET /api/views lists all saved views" });
  return { status: 200, body: viewOf(outcome.view) };
}

function viewOf({ createdAt, ...view }: ViewRow): SavedView {
  return { ...view, createdAt: iso(createdAt) };
}
