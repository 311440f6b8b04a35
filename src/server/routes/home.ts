import { readHome } from "../home/home.ts";
import type { Route } from "../route.ts";
import { ref } from "../schema/schema.ts";

export const homeRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/home",
    id: "getHome",
    summary: "Summarises the state of the system with causes, and lists what needs a person.",
    scope: "runs:read",
    answers: { 200: { description: "The cost does not depend on the number of runs.", schema: ref("Home") } },
    handle: async ({ services }) => ({ status: 200, body: await readHome(services) }),
  },
];
