import { BatonError } from "../../kernel/model/errors.ts";
import type { Route } from "../route.ts";
import { object, ref } from "../schema/schema.ts";
import type { GuideDesk, Services } from "../services.ts";

/** The checklist that an author gives with the config file, for the first minutes with it. */
export const guideRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/guide",
    id: "getGuide",
    summary:
      "The checklist of the first minutes, if the config file has one; it ticks itself from what is in the store.",
    scope: "guide:read",
    answers: { 200: { description: "The guide as it stands now.", schema: ref("Guide") } },
    handle: async ({ services }) => ({ status: 200, body: await deskOf(services).read() }),
  },
  {
    method: "POST",
    path: "/api/guide/{act}",
    id: "actOnGuide",
    summary: "Does one act of the guide, for real. 409 with the reason when it cannot be done now.",
    scope: "guide:write",
    body: { schema: object({}), isOptional: true, payloadMax: () => 0 },
    answers: { 200: { description: "What was done.", schema: ref("GuideActed") } },
    handle: async ({ params, services }) => ({ status: 200, body: await deskOf(services).act(params["act"] ?? "") }),
  },
];

function deskOf({ guide }: Services): GuideDesk {
  if (guide !== null) return guide;
  throw new BatonError("not-found", "this server has no guide", {
    hint: "give it one: guide in the config file, as the one of examples/customer-onboarding",
  });
}
