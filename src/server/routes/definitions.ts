import type { Counts, Definitions } from "../../wire/definition.ts";
import type { Answer, Call, Route } from "../route.ts";
import { object, ref, text } from "../schema/schema.ts";
import { versionViews } from "../views/version.ts";

export const definitionRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/definitions",
    id: "listDefinitions",
    summary: "Definitions that this process has loaded or the store has runs of, and files that could not be loaded.",
    scope: "definitions:read",
    query: object({ name: text(200, "Versions of this one only.") }, { optional: ["name"] }),
    answers: { 200: { description: "All of them, newest version first.", schema: ref("Definitions") } },
    handle: definitions,
  },
  {
    method: "GET",
    path: "/api/counts",
    id: "countRuns",
    summary: "Runs by definition version and status, exact.",
    scope: "runs:read",
    answers: { 200: { description: "All counts that are not zero.", schema: ref("Counts") } },
    handle: counts,
  },
];

async function definitions({ query, services }: Call): Promise<Answer> {
  const { name = null } = query as { name?: string };
  const { from, problems } = services.loaded();
  const body: Definitions = { items: await versionViews(services, name), loadedFrom: from, problems };
  return { status: 200, body };
}

async function counts({ services }: Call): Promise<Answer> {
  const rows = await services.store.query("counts", {});
  const body: Counts = { items: rows.map(({ definition, status, count }) => ({ ...definition, status, count })) };
  return { status: 200, body };
}
