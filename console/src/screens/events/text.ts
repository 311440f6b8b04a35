import type { EventDetail, EventView } from "@wire/event.ts";
import { isTruncated } from "@wire/payload.ts";
import type { Badge } from "../../components/status.ts";
import { plural } from "../../components/text.ts";

/** Each outcome of an event. */
export const outcomeBadges: Readonly<Record<EventDetail["outcome"], Badge>> = {
  dead: { label: "Held", glyph: "✕", tone: "bad" },
  matched: { label: "Matched", glyph: "✓", tone: "ok" },
  batched: { label: "Batched", glyph: "✓", tone: "ok" },
  refused: { label: "Refused", glyph: "✕", tone: "bad" },
  "no-match": { label: "No match", glyph: "≠", tone: "warn" },
  "no-listener": { label: "No listener", glyph: "○", tone: "calm" },
  waiting: { label: "Not routed yet", glyph: "◷", tone: "calm" },
};

/** The result of an event for the list; the reason is on its own page. */
export function eventBadge({ matched, refused, joined, routing, tries }: EventView): Badge {
  if (routing === "held") return { label: `Held after ${plural(tries, "try", "tries")}`, glyph: "✕", tone: "bad" };
  if (refused.length > 0) return { label: `Refused by ${plural(refused.length, "workflow")}`, glyph: "✕", tone: "bad" };
  if (matched > 0) return { label: plural(matched, "run"), glyph: "✓", tone: "ok" };
  if (joined.length > 0) return outcomeBadges.batched;
  return { label: "No effect", glyph: "○", tone: "calm" };
}

/** The beginning of its data on one line. */
export function dataText(data: unknown): string {
  if (isTruncated(data)) return `${Math.round(data.bytes / 1024)} KiB`;
  const text = data === null || data === undefined ? "" : JSON.stringify(data);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** A curl command that sends the same data as a new event. */
export function asCurl(origin: string, { name, data }: Pick<EventView, "name" | "data">): string {
  const body = JSON.stringify(isTruncated(data) ? { name } : { name, data });
  return `curl -s ${origin}/api/events -H 'content-type: application/json' -d '${body.replaceAll("'", `'\\''`)}'`;
}
