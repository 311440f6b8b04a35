import { defaults } from "../../kernel/model/limits.ts";
import { scheduleId } from "../../kernel/model/schedule.ts";
import type { Counts, DefinitionDetail, Definitions } from "../../wire/definition.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { object, ref, text } from "../schema/schema.ts";
import { unknownDefinition } from "../unknown-definition.ts";
import { recentView } from "../views/recent.ts";
import { versionViews } from "../views/version.ts";

export const definitionRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/definitions",
    id: "listDefinitions",
    summary:
      "Lists the workflows that this process has loaded or the store has runs of, and the files that could not be loaded.",
    scope: "definitions:read",
    query: object({ name: text(200, "Only versions of this workflow.") }, { optional: ["name"] }),
    answers: { 200: { description: "All workflows, newest version first.", schema: ref("Definitions") } },
    handle: definitions,
  },
  {
    method: "GET",
    path: "/api/definitions/{name}",
    id: "getDefinition",
    summary: "Returns a workflow with its versions, input, triggers and recent runs.",
    scope: "definitions:read",
    answers: { 200: { description: "The workflow.", schema: ref("DefinitionDetail") } },
    handle: detail,
  },
  {
    method: "GET",
    path: "/api/counts",
    id: "countRuns",
    summary: "Exact counts of runs by workflow version and status.",
    scope: "runs:read",
    answers: { 200: { description: "All counts above zero.", schema: ref("Counts") } },
    handle: counts,
  },
];

async function definitions({ query, services }: Call): Promise<RouteResponse> {
  const { name = null } = query as { name?: string };
  const { from, problems } = services.loaded();
  const body: Definitions = { items: await versionViews(services, name), loadedFrom: from, problems };
  return { status: 200, body };
}

/** Number of ended runs in the statistics. */
const recentMax = 200;
const schedulesMax = defaults.schedule.countMax;

async function detail({ params, services }: Call): Promise<RouteResponse> {
  const { store, engine } = services;
  const name = params["name"] ?? "";
  const versions = await versionViews(services, name);
  const [newest] = versions;
  if (newest === undefined) throw unknownDefinition(name);
  const [schedules, recent] = await Promise.all([
    store.query("schedules", { definition: name, after: null, limit: schedulesMax }),
    store.query("recent", { definition: name, limit: recentMax }),
  ]);
  const live = engine.versionForNewStarts(name) ?? newest.version;
  const handler = engine.handlers.find(({ definition }) => definition.name === name && definition.version === live);
  const about = handler?.describe?.();
  const body: DefinitionDetail = {
    name,
    kind: newest.kind,
    versions,
    inputSchema: about?.inputSchema ?? null,
    onFailure: handler?.onFailure ?? null,
    queue: about?.queue ?? null,
    schedules: schedules.map((row) => scheduleId(row)),
    recent: recentView(recent),
  };
  return { status: 200, body };
}

async function counts({ services }: Call): Promise<RouteResponse> {
  const rows = await services.store.query("counts", {});
  const body: Counts = { items: rows.map(({ definition, status, count }) => ({ ...definition, status, count })) };
  return { status: 200, body };
}
