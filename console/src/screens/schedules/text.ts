import type { FiringView, ScheduleSummary } from "@wire/schedule.ts";
import { describeCron, timeOfDay } from "../../components/describe-cron.ts";
import type { Badge } from "../../components/status.ts";
import { formatDuration } from "../../components/time.ts";

/** Describes when a schedule fires; a cron pattern without a short description is returned as is. */
export function timingText({ timing, text }: Pick<ScheduleSummary, "timing" | "text">): string {
  if (timing.by === "every" && timing.everyMs !== undefined) return `every ${everyText(timing.everyMs)}`;
  if (timing.by === "cron" && timing.cron !== undefined) return describeCron(timing.cron) ?? timing.cron;
  return text;
}

const units = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
] as const;

function everyText(ms: number): string {
  const unit = units.find(([size]) => ms % size === 0);
  if (unit === undefined) return formatDuration(ms);
  const n = ms / unit[0];
  return n === 1 ? unit[1] : `${n} ${unit[1]}s`;
}

/** What happens if the previous run is still active. */
export const overlapTexts: Readonly<Record<ScheduleSummary["overlap"], string>> = {
  allow: "both run in parallel",
  skip: "the new run is skipped",
  "buffer-one": "one run waits for it to end",
  "cancel-other": "it is cancelled",
};

/** Each outcome of a firing. */
export const firingBadges: Readonly<Record<FiringView["outcome"], Badge>> = {
  fired: { label: "Ran", glyph: "✓", tone: "ok" },
  skipped: { label: "Skipped", glyph: "⤼", tone: "calm" },
  buffered: { label: "Waited", glyph: "◷", tone: "warn" },
  refused: { label: "Refused", glyph: "✕", tone: "bad" },
};

/** A firing later than this is reported as late. */
const lateMs = 60_000;

/** The outcome of a firing, with its delay. */
export function firingText({ scheduledAt, decidedAt, outcome, why }: FiringView): string {
  const by = Date.parse(decidedAt) - Date.parse(scheduledAt);
  const late = outcome === "fired" && by > lateMs ? `, ${formatDuration(by)} late` : "";
  return `${firingBadges[outcome].label}${late}${why === null ? "" : `: ${why}`}`;
}

/** Why a scheduled time was moved. */
export function movedText({ timing }: Pick<ScheduleSummary, "timing">): string {
  const time = timing.cron === undefined ? null : timeOfDay(timing.cron);
  return `${time ?? "the scheduled time"} does not exist on that day`;
}
