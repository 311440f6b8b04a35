import type { RunSummary } from "@wire/run.ts";
import type { RunStatus, StepStatus } from "@wire/status.ts";

/** What a colour stands for. */
export type Tone = "ok" | "bad" | "warn" | "calm" | "undo" | "go";

/** How a state is shown. */
export interface Shown {
  readonly word: string;
  readonly glyph: string;
  readonly tone: Tone;
}

/** Each status of a run, in the order in which they matter. */
export const runStatus: Readonly<Record<RunStatus, Shown>> = {
  failed: { word: "Failed", glyph: "✕", tone: "bad" },
  suspended: { word: "Suspended", glyph: "‖", tone: "warn" },
  waiting: { word: "Waiting", glyph: "◷", tone: "calm" },
  running: { word: "Running", glyph: "▶", tone: "go" },
  pending: { word: "Pending", glyph: "○", tone: "calm" },
  compensating: { word: "Compensating", glyph: "↩", tone: "undo" },
  completed: { word: "Completed", glyph: "✓", tone: "ok" },
  cancelled: { word: "Cancelled", glyph: "⊘", tone: "calm" },
};

/** Facets in the order in which they matter. */
export const statusOrder = Object.keys(runStatus) as readonly RunStatus[];

const retrying: Shown = { word: "Retrying", glyph: "↻", tone: "warn" };
const compensated: Shown = { word: "Compensated", glyph: "↩", tone: "undo" };

/** A run as people tell it: one that waits for its next attempt is retrying. */
export function shownStatus({ status, reason }: Pick<RunSummary, "status" | "reason">): Shown {
  if (status === "waiting" && reason?.code === "retry") return retrying;
  if (status === "failed" && reason?.code === "compensated") return compensated;
  return runStatus[status];
}

/** Each status of a step. */
export const stepStatus: Readonly<Record<StepStatus, Shown>> = {
  completed: { word: "Completed", glyph: "✓", tone: "ok" },
  failed: { word: "Failed", glyph: "✕", tone: "bad" },
  running: { word: "Running", glyph: "▶", tone: "go" },
  waiting: { word: "Waiting", glyph: "◷", tone: "calm" },
  pending: { word: "Not run", glyph: "○", tone: "calm" },
  skipped: { word: "Skipped", glyph: "⤼", tone: "calm" },
  compensated: { word: "Undone", glyph: "↩", tone: "undo" },
  abandoned: { word: "Abandoned", glyph: "⊘", tone: "calm" },
};

/** Control characters as pictures of themselves: a log line must not be able to dress up. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\n" || character === "\t") return character;
    return code < 32 ? String.fromCodePoint(0x2400 + code) : "\u2421";
  });
}

/** The first line of a text, safe to show. */
export function firstLine(text: string): string {
  return plain(text.split("\n", 1)[0] ?? "");
}

const grouped = new Intl.NumberFormat("en", { useGrouping: true });

/** `12,840`. */
export function count(n: number): string {
  return grouped.format(n);
}

/** `1 run`, `2 runs`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** The first names, and how many more there are. */
export function listed(names: readonly string[], most: number): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(", ")}${more > 0 ? ` and ${count(more)} more` : ""}`;
}
