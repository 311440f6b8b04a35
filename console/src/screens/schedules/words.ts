import type { FireView, ScheduleSummary } from "@wire/schedule.ts";
import { cronWords, timeOfDay } from "../../parts/cron-words.ts";
import { duration } from "../../parts/time.ts";
import type { Shown } from "../../parts/words.ts";

/** When it fires, as people say it; a pattern without short words as it is. */
export function timingWords({ timing, text }: Pick<ScheduleSummary, "timing" | "text">): string {
  if (timing.by === "every" && timing.everyMs !== undefined) return `every ${everyWords(timing.everyMs)}`;
  if (timing.by === "cron" && timing.cron !== undefined) return cronWords(timing.cron) ?? timing.cron;
  return text;
}

const units = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
] as const;

function everyWords(ms: number): string {
  const unit = units.find(([size]) => ms % size === 0);
  if (unit === undefined) return duration(ms);
  const n = ms / unit[0];
  return n === 1 ? unit[1] : `${n} ${unit[1]}s`;
}

/** What happens when the run before still goes on. */
export const overlapWords: Readonly<Record<ScheduleSummary["overlap"], string>> = {
  allow: "both run",
  skip: "this time is skipped",
  "buffer-one": "one time waits for its end",
  "cancel-other": "the run before is cancelled",
};

/** What became of a time. */
export const fireShown: Readonly<Record<FireView["outcome"], Shown>> = {
  fired: { word: "Ran", glyph: "✓", tone: "ok" },
  skipped: { word: "Skipped", glyph: "⤼", tone: "calm" },
  buffered: { word: "Waited", glyph: "◷", tone: "warn" },
  refused: { word: "Refused", glyph: "✕", tone: "bad" },
};

/** Later than this it is worth a word. */
const lateMs = 60_000;

/** What became of a nominal time, and how late. */
export function fireWords({ nominalAt, decidedAt, outcome, why }: FireView): string {
  const by = Date.parse(decidedAt) - Date.parse(nominalAt);
  const late = outcome === "fired" && by > lateMs ? `, ${duration(by)} late` : "";
  return `${fireShown[outcome].word}${late}${why === null ? "" : `: ${why}`}`;
}

/** Why a nominal time is not at the time of day that was asked for. */
export function movedWords({ timing }: Pick<ScheduleSummary, "timing">): string {
  const asked = timing.cron === undefined ? null : timeOfDay(timing.cron);
  return `${asked ?? "the time asked for"} does not exist on that day`;
}
