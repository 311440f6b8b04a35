import { versionInUse } from "../../kernel/decide/version.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { object, ref, whole } from "../schema/schema.ts";
import type { Services } from "../services.ts";
import { unknownDefinition } from "../unknown-definition.ts";

const version = { ...whole, minimum: 1 };

export const graphRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/definitions/{name}/graph",
    id: "getGraph",
    summary: "Returns the graph of a version, derived from its source code. Default: the version for new runs.",
    scope: "definitions:read",
    query: object({ version }, { optional: ["version"] }),
    answers: { 200: { description: "Nodes and edges with their positions.", schema: ref("Graph") } },
    handle: graph,
  },
  {
    method: "GET",
    path: "/api/definitions/{name}/diff",
    id: "diffVersions",
    summary: "Compares version a to version b: steps, options, input and source.",
    scope: "definitions:read",
    query: object({ a: version, b: version }),
    answers: { 200: { description: "The differences.", schema: ref("VersionDiff") } },
    handle: diff,
  },
];

async function graph({ params, query, services }: Call): Promise<RouteResponse> {
  const name = params["name"] ?? "";
  const { version: asked } = query as { version?: number };
  const chosen = asked ?? (await liveVersion(services, name));
  return { status: 200, body: await services.drawings.graph(name, chosen) };
}

async function diff({ params, query, services }: Call): Promise<RouteResponse> {
  const { a, b } = query as { a: number; b: number };
  return { status: 200, body: await services.drawings.diff(params["name"] ?? "", a, b) };
}

/** The version for new runs, from this process or from the store; if all are drained, the newest. */
export async function liveVersion({ engine, store }: Services, name: string): Promise<number> {
  const rows = await store.query("versions", { name });
  const known = engine.versionForNewStarts(name) ?? (versionInUse(rows) ?? rows[0])?.definition.version;
  if (known !== undefined) return known;
  throw unknownDefinition(name);
}
