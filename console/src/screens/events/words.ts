import type { EventDetail, EventView } from "@wire/event.ts";
import { isTruncated } from "@wire/payload.ts";
import type { Shown } from "../../parts/words.ts";
import { plural } from "../../parts/words.ts";

/** What became of an event. */
export const outcomeShown: Readonly<Record<EventDetail["outcome"], Shown>> = {
  matched: { word: "Matched", glyph: "✓", tone: "ok" },
  refused: { word: "Refused", glyph: "✕", tone: "bad" },
  "no-match": { word: "No match", glyph: "≠", tone: "warn" },
  "no-listener": { word: "No listener", glyph: "○", tone: "calm" },
  waiting: { word: "Not routed yet", glyph: "◷", tone: "calm" },
};

/** What can be said of an event in a list; its page says why. */
export function listShown({ matched, refused }: EventView): Shown {
  if (refused.length > 0)
    return { word: `Refused by ${refused.length === 1 ? "one" : refused.length}`, glyph: "✕", tone: "bad" };
  if (matched > 0) return { word: plural(matched, "run"), glyph: "✓", tone: "ok" };
  return { word: "Nothing ran", glyph: "○", tone: "calm" };
}

/** The beginning of its data on one line. */
export function dataText(data: unknown): string {
  if (isTruncated(data)) return `${Math.round(data.bytes / 1024)} KiB`;
  const text = data === null || data === undefined ? "" : JSON.stringify(data);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** The same event for a terminal, with an id of its own: it is a new one. */
export function asCurl(origin: string, { name, data }: Pick<EventView, "name" | "data">): string {
  const body = JSON.stringify(isTruncated(data) ? { name } : { name, data });
  return `curl -s ${origin}/api/events -H 'content-type: application/json' -d '${body.replaceAll("'", `'\\''`)}'`;
}
