import { BatonError } from "../../kernel/model/errors.ts";
import { findRun } from "../find-run.ts";
import type { Call, Route } from "../route.ts";
import { object, text } from "../schema/schema.ts";
import type { Services } from "../services.ts";
import type { Interest } from "../stream-hub.ts";

export const streamRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/stream",
    id: "stream",
    summary: "Streams changes of runs as server-sent events: ready, run.changed, runs.changed, reset.",
    scope: "runs:read",
    query: object(
      {
        topics: text(4_000, "Comma-separated: runs:list for all runs (the default), run:<id> for one."),
        after: text(20, "Continues after this event id, like the header Last-Event-ID."),
      },
      { optional: ["topics", "after"] },
    ),
    answers: { 200: { description: "The stream stays open.", type: "text/event-stream" } },
    handle: stream,
  },
];

const topicsMax = 100;
const eventStream = { "content-type": "text/event-stream" };

async function stream({ request, query, services }: Call): Promise<Response> {
  const { topics, after } = query as { topics?: string; after?: string };
  // The body of a response to HEAD is never read, so a stream would stay open forever.
  if (request.method === "HEAD") return new Response(null, { headers: eventStream });
  const interest = await interestOf(services, topics ?? "runs:list");
  const last = request.headers.get("last-event-id") ?? after ?? null;
  const events = services.hub.open(interest, last !== null && /^\d{1,16}$/.test(last) ? Number(last) : null);
  return new Response(events, { headers: eventStream });
}

async function interestOf(services: Services, topics: string): Promise<Interest> {
  const names = topics.split(",").map((topic) => topic.trim());
  const runs = names.filter((topic) => topic.startsWith("run:")).map((topic) => topic.slice(4));
  const unknown = names.find((topic) => topic !== "runs:list" && !topic.startsWith("run:"));
  if (unknown !== undefined || names.length > topicsMax) {
    const message = unknown === undefined ? `names more than ${topicsMax}` : `has no ${JSON.stringify(unknown)}`;
    throw new BatonError("invalid-request", `topics ${message}`, {
      hint: "topics are runs:list and run:<id>",
      details: { issues: [{ path: "topics", message }] },
    });
  }
  const found = await Promise.all(runs.map((id) => findIfThere(services, id)));
  return { list: names.includes("runs:list"), runs: new Set(found.filter((no) => no !== null)) };
}

/** An erased or unknown run has no changes; it must not break the subscription of the others. */
async function findIfThere({ store }: Services, id: string): Promise<number | null> {
  try {
    return (await findRun(store, id)).row.no;
  } catch (error) {
    if (error instanceof BatonError && error.code === "not-found") return null;
    throw error;
  }
}
