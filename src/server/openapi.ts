import type { ResponseSpec, Route } from "./route.ts";
import { components } from "./schema/components.ts";
import { ref } from "./schema/schema.ts";

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[]): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  return {
    openapi: "3.1.0",
    info: { title: "Baton", version: "1", description: "Runs, events and recovery actions of a Baton server." },
    paths,
    components: { schemas: components },
  };
}

function operation(route: Route): unknown {
  const { body } = route;
  return {
    operationId: route.id,
    summary: route.summary,
    "x-baton-scope": route.scope,
    parameters: [...pathParameters(route.path), ...queryParameters(route)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !(body.isOptional ?? false),
            content: Object.fromEntries(
              ["application/json", ...(body.others ?? [])].map((type) => [type, { schema: body.schema }]),
            ),
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, spec]) => [status, answer(spec)])),
      default: {
        description: "An error.",
        content: { "application/problem+json": { schema: ref("Problem") } },
      },
    },
  };
}

function answer({ description, schema, type = "application/json" }: ResponseSpec): unknown {
  return { description, content: { [type]: schema === undefined ? {} : { schema } } };
}

function pathParameters(path: string): unknown[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ query }: Route): unknown[] {
  return Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: query?.required?.includes(name) ?? false,
    schema,
  }));
}
