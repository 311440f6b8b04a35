import { BatonError } from "../../kernel/model/errors.ts";
import type { EventBody } from "../../wire/event.ts";
import type { ProblemPlace } from "../../wire/problem.ts";

export const cloudEventType = "application/cloudevents+json";

/** Whether a request has a CloudEvent in its headers, with the data as body. */
export function isBinaryCloudEvent(request: Request): boolean {
  return request.headers.has("ce-specversion");
}

/** A CloudEvent as one JSON document. Extensions and descriptive attributes are not stored. */
export function structuredCloudEvent(body: unknown): EventBody {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw invalid([{ path: "", message: "must be a CloudEvent, an object" }]);
  const event = body as Record<string, unknown>;
  const base = attributes((name) => event[name]);
  if (!("data_base64" in event)) return "data" in event ? { ...base, data: event["data"] } : base;
  throw invalid([{ path: "data_base64", message: "is binary data; send JSON as data" }]);
}

/** A CloudEvent in headers. `data` is the body, parsed as JSON. */
export function binaryCloudEvent(request: Request, data: unknown): EventBody {
  const base = attributes((name) => {
    const value = request.headers.get(`ce-${name}`);
    return value === null ? undefined : decodeHeader(value);
  });
  return data === undefined ? base : { ...base, data };
}

function attributes(read: (name: string) => unknown): EventBody {
  const places: ProblemPlace[] = [];
  const required = (name: string): string => {
    const value = read(name);
    if (typeof value === "string" && value !== "" && value.length <= 512 && value.isWellFormed()) return value;
    places.push({ path: name, message: "must be text of 1 to 512 characters" });
    return "";
  };
  const event = { name: required("type"), id: required("id"), source: required("source") };
  if (read("specversion") !== "1.0") places.push({ path: "specversion", message: 'must be "1.0"' });
  if (places.length > 0) throw invalid(places);
  return event;
}

/** Header values outside of plain ASCII are percent-encoded. */
function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function invalid(places: readonly ProblemPlace[]): BatonError {
  return new BatonError(
    "invalid-event",
    `not a valid CloudEvent 1.0: ${places.map(({ path, message }) => `${path} ${message}`.trim()).join("; ")}`,
    { hint: "send specversion, type, id and source, and data as JSON", details: { issues: places } },
  );
}
