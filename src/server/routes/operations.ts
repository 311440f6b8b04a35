import type { Health } from "../../wire/health.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { ref } from "../schema/schema.ts";

const health = { description: "The process is up.", schema: ref("Health") };

export const operationRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/healthz",
    id: "health",
    summary: "Liveness: whether the process responds.",
    scope: "public",
    answers: { 200: health },
    handle: healthy,
  },
  {
    method: "GET",
    path: "/readyz",
    id: "ready",
    summary: "Readiness: whether the store responds too.",
    scope: "public",
    answers: { 200: health },
    handle: async (call) => {
      await call.services.store.query("stats", {});
      return healthy(call);
    },
  },
  {
    method: "GET",
    path: "/metrics",
    id: "metrics",
    summary: "Prometheus metrics.",
    scope: "public",
    answers: { 200: { description: "Prometheus text.", type: "text/plain" } },
    handle: metrics,
  },
];

function healthy({ services }: Call): RouteResponse {
  const body: Health = { status: "ok", pid: services.pid };
  return { status: 200, body };
}

async function metrics({ services }: Call): Promise<Response> {
  const { store, engine, hub } = services;
  const [counts, stats] = await Promise.all([store.query("counts", {}), store.query("stats", {})]);
  const text = services.metrics.render({ counts, stats, active: engine.activeCount, listeners: hub.listenerCount });
  return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
}
