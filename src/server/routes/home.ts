import { readHome } from "../home/home.ts";
import type { Route } from "../route.ts";
import { ref } from "../schema/schema.ts";

export const homeRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/home",
    id: "getHome",
    summary: "Whether all is well, in sentences with their causes, and what needs a person.",
    scope: "runs:read",
    answers: { 200: { description: "Costs the same with any number of runs.", schema: ref("Home") } },
    handle: async ({ services }) => ({ status: 200, body: await readHome(services) }),
  },
];
