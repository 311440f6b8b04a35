import type { Counts, Definitions, DefinitionView } from "../../wire/definition.ts";
import type { Answer, Call, Route } from "../route.ts";
import { ref } from "../schema/schema.ts";

export const definitionRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/definitions",
    id: "listDefinitions",
    summary: "Definitions that this process has loaded or the store has runs of, and files that could not be loaded.",
    scope: "definitions:read",
    answers: { 200: { description: "All of them.", schema: ref("Definitions") } },
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

async function definitions({ services }: Call): Promise<Answer> {
  const { engine, store, loaded } = services;
  const views = new Map<string, DefinitionView>();
  for (const { kind, name, version } of await store.query("definitions", {}))
    views.set(`${kind} ${name} ${version}`, { name, version, kind, isLoaded: false, triggers: [] });
  for (const { definition, triggers } of engine.handlers) {
    const { kind, name, version } = definition;
    views.set(`${kind} ${name} ${version}`, { name, version, kind, isLoaded: true, triggers });
  }
  const { from, problems } = loaded();
  const items = [...views.values()].toSorted((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : b.version - a.version,
  );
  const body: Definitions = { items, loadedFrom: from, problems };
  return { status: 200, body };
}

async function counts({ services }: Call): Promise<Answer> {
  const rows = await services.store.query("counts", {});
  const body: Counts = { items: rows.map(({ definition, status, count }) => ({ ...definition, status, count })) };
  return { status: 200, body };
}
