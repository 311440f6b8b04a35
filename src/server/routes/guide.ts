import { BatonError } from "../../kernel/model/errors.ts";
import type { Route } from "../route.ts";
import { object, ref } from "../schema/schema.ts";
import type { GuideService, Services } from "../services.ts";

/** The getting-started checklist of the config file. */
export const guideRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/guide",
    id: "getGuide",
    summary:
      "Returns the getting-started checklist of the config file. Steps are checked off from the state of the store.",
    scope: "guide:read",
    answers: { 200: { description: "The current state of the guide.", schema: ref("Guide") } },
    handle: async ({ services }) => ({ status: 200, body: await serviceOf(services).read() }),
  },
  {
    method: "POST",
    path: "/api/guide/{act}",
    id: "actOnGuide",
    summary: "Performs an action of the guide. Returns 409 with the reason if it is not possible now.",
    scope: "guide:write",
    body: { schema: object({}), isOptional: true, payloadMax: () => 0 },
    answers: { 200: { description: "The result of the action.", schema: ref("GuideActed") } },
    handle: async ({ params, services }) => ({ status: 200, body: await serviceOf(services).act(params["act"] ?? "") }),
  },
];

function serviceOf({ guide }: Services): GuideService {
  if (guide !== null) return guide;
  throw new BatonError("not-found", "this server has no guide", {
    hint: "set guide in the config file, as in examples/customer-onboarding",
  });
}
