import type { ServerInfo } from "../../wire/server.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { ref } from "../schema/schema.ts";
import { iso } from "../views/time.ts";

export const serverRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/server",
    id: "getServer",
    summary: "Describes the server, its store and its permissions.",
    scope: "store:read",
    answers: { 200: { description: "The server.", schema: ref("ServerInfo") } },
    handle: info,
  },
];

async function info({ services }: Call): Promise<RouteResponse> {
  const { about, actor, pid, isReadOnly, startedAt } = services;
  const { now, bytes, schema, workers } = await services.store.query("stats", {});
  const body: ServerInfo = {
    version: about.version,
    node: about.node,
    pid,
    startedAt: iso(startedAt),
    now: iso(now),
    zone: about.zone,
    actor,
    isReadOnly,
    store: { ...about.store, bytes, schema },
    workers: workers.filter(({ expiresAt }) => expiresAt > now).length,
    hasGuide: services.guide !== null,
  };
  return { status: 200, body };
}
