import { encodePayload } from "../../kernel/engine/payload.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { maskText } from "../../kernel/model/sealed.ts";
import type { EventRow } from "../../kernel/ports/queries.ts";
import type { EventAccepted, EventBody, EventRetryBody } from "../../wire/event.ts";
import { binaryCloudEvent, cloudEventType, isBinaryCloudEvent, structuredCloudEvent } from "../http/cloud-event.ts";
import { invalidRequest } from "../http/problems.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { check } from "../schema/check.ts";
import { components, pageOf as pageSchema } from "../schema/components.ts";
import { object, ref, text } from "../schema/schema.ts";
import type { Services } from "../services.ts";
import { eventDetail, eventView } from "../views/event.ts";
import { limitOf, type Paging, paging } from "./paging.ts";

export const eventRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/events",
    id: "sendEvent",
    summary: "Accepts an event. The event and everything it starts or resumes are durable before the response is sent.",
    scope: "events:write",
    body: {
      schema: {
        description:
          "An EventBody, a CloudEvent 1.0 in JSON, or the data of a CloudEvent whose attributes are in ce- headers.",
      },
      isOptional: true,
      others: [cloudEventType],
      payloadMax: () => defaults.payloadMax,
    },
    answers: { 202: { description: "Accepted. Duplicates are accepted too.", schema: ref("EventAccepted") } },
    handle: send,
  },
  {
    method: "GET",
    path: "/api/events",
    id: "listEvents",
    summary: "Lists received events, newest first.",
    scope: "events:read",
    query: object(
      {
        name: text(200),
        routing: { enum: ["held"], description: "Only events that are held after their last routing try." },
        ...paging,
      },
      { optional: ["name", "routing", "limit", "pageToken"] },
    ),
    answers: { 200: { description: "One page.", schema: pageSchema("EventView") } },
    handle: list,
  },
  {
    method: "GET",
    path: "/api/events/{no}",
    id: "getEvent",
    summary: "Returns an event with the runs it started or resumed, or why there are none.",
    scope: "events:read",
    answers: { 200: { description: "The event.", schema: ref("EventDetail") } },
    handle: detail,
  },
  {
    method: "GET",
    path: "/api/events/{no}/data",
    id: "getEventData",
    summary: "Returns the whole data of an event; used by the href of truncated data.",
    scope: "events:read",
    answers: { 200: { description: "The value." } },
    handle: data,
  },
  {
    method: "POST",
    path: "/api/events/{no}/retry",
    id: "retryEvent",
    summary: "Routes a held event again, after the code that it starts was fixed. Its next tries run alone.",
    scope: "events:write",
    body: {
      schema: object({ reason: text(1_000, "Written to the audit log.") }, { optional: ["reason"] }),
      isOptional: true,
      payloadMax: () => 0,
    },
    answers: { 200: { description: "The event after the change.", schema: ref("EventDetail") } },
    handle: retry,
  },
];

async function send({ request, body, services }: Call): Promise<RouteResponse> {
  const event = readEvent(request, body);
  const { id, matched } = services.routesEvents ? await services.engine.emit(event) : await keep(services, event);
  const accepted: EventAccepted = { id, matched };
  return { status: 202, body: accepted };
}

/** Stores an event and resumes the runs that wait for it. Processes that have the definitions decide what it starts. */
async function keep({ store }: Services, event: EventBody): Promise<{ id: string; matched: number }> {
  const { name, source = "api", id = crypto.randomUUID() } = event;
  if (event.sensitive) {
    throw new BatonError(
      "unavailable",
      "sensitive events are accepted only by a server that has the definitions and the key",
      {
        hint: "send it to a server that runs workers on this store",
      },
    );
  }
  const data = encodePayload(event.data, "data", defaults.payloadMax);
  const { matched } = await store.commit({
    kind: "event",
    event: { name, data, source, id },
    isRouted: false,
    starts: [],
    refused: [],
  });
  return { id, matched };
}

function readEvent(request: Request, body: unknown): EventBody {
  if (isBinaryCloudEvent(request)) return binaryCloudEvent(request, body);
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === cloudEventType) return structuredCloudEvent(body);
  const places = check(ref("EventBody"), body, "", components);
  if (places.length > 0) throw invalidRequest(places, "body");
  return body as EventBody;
}

async function list({ query, services }: Call): Promise<RouteResponse> {
  const { name, routing, ...page } = query as Paging & { name?: string; routing?: "held" };
  const limit = limitOf(page);
  const before = decodeToken("events", page.pageToken);
  const rows = await services.store.query(routing === undefined ? "events" : "heldEvents", {
    name: name ?? null,
    before,
    limit: limit + 1,
  });
  const { items, nextPageToken } = pageOf(
    "events",
    rows,
    limit,
    (row) => row.no,
    (row) => row,
  );
  return {
    status: 200,
    body: { items: await Promise.all(items.map((row) => eventView(services, row))), nextPageToken },
  };
}

async function detail({ params, services }: Call): Promise<RouteResponse> {
  return { status: 200, body: await eventDetail(services, await findEvent(services, params["no"])) };
}

async function retry({ params, body, services }: Call): Promise<RouteResponse> {
  const { no } = await findEvent(services, params["no"]);
  const { reason = null } = body as EventRetryBody;
  await services.engine.retryEvent(no, { actor: services.actor, why: reason });
  return { status: 200, body: await eventDetail(services, await findEvent(services, String(no))) };
}

async function data({ params, services }: Call): Promise<Response> {
  const row = await findEvent(services, params["no"]);
  return new Response(maskText(row.data ?? "null"), { headers: { "content-type": "application/json" } });
}

/** With the whole data. */
async function findEvent({ store }: Services, given: string | undefined): Promise<EventRow> {
  const no = Number(given);
  const row = Number.isSafeInteger(no) ? await store.query("event", { no }) : null;
  if (row !== null) return row;
  throw new BatonError("not-found", "event not found", { hint: "it may have been removed by retention" });
}
