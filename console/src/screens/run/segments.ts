import type { Attempt, Step } from "@wire/step.ts";

/** What a step was doing for a stretch of time. */
export interface Segment {
  readonly kind: "ok" | "bad" | "going" | "backoff" | "wait" | "undo";
  readonly from: number;
  /** Null: still so. */
  readonly to: number | null;
  readonly title: string;
}

const waits: ReadonlySet<string> = new Set(["sleep", "event", "child", "race"]);

/** A step's attempts with the back-off between them, or its wait. */
export function segmentsOf(step: Step): readonly Segment[] {
  const { attempts, kind, startedAt, endedAt } = step;
  if (attempts.length === 0) {
    if (startedAt === null) return [];
    const to = endedAt === null ? null : Date.parse(endedAt);
    if (step.status === "failed" && !waits.has(kind))
      return [{ kind: "bad", from: Date.parse(startedAt), to, title: step.status }];
    return [
      { kind: waits.has(kind) || endedAt === null ? "wait" : "ok", from: Date.parse(startedAt), to, title: kind },
    ];
  }
  const segments: Segment[] = [];
  for (const [i, attempt] of attempts.entries()) {
    const from = Date.parse(attempt.startedAt);
    const before = attempts[i - 1];
    const beforeEnd = before?.endedAt == null ? null : Date.parse(before.endedAt);
    // Between two rounds it stood still until a person set it going again.
    if (beforeEnd !== null && from > beforeEnd && before?.round === attempt.round)
      segments.push({ kind: "backoff", from: beforeEnd, to: from, title: `waits before attempt ${attempt.number}` });
    segments.push(barOf(attempt, kind === "undo"));
  }
  const last = attempts.at(-1);
  if (step.status === "waiting" && last?.endedAt != null)
    segments.push({
      kind: "backoff",
      from: Date.parse(last.endedAt),
      to: null,
      title: "waits before the next attempt",
    });
  return segments;
}

function barOf(attempt: Attempt, isUndo: boolean): Segment {
  const isGood = attempt.status === "completed";
  const kind = attempt.status === "running" ? "going" : isGood ? (isUndo ? "undo" : "ok") : "bad";
  return {
    kind,
    from: Date.parse(attempt.startedAt),
    to: attempt.endedAt === null ? null : Date.parse(attempt.endedAt),
    title: `attempt ${attempt.number}: ${attempt.status}${attempt.error === null ? "" : `, ${attempt.error.message.slice(0, 200)}`}`,
  };
}

/**
 * Keys of the steps that the run's length hangs on: from the one that ended last back, each time to the one that had
 * ended last before it began.
 */
export function criticalPath(steps: readonly Step[]): ReadonlySet<string> {
  const timed = steps
    .flatMap((step) =>
      step.startedAt === null
        ? []
        : [
            {
              key: step.key,
              from: Date.parse(step.startedAt),
              to: step.endedAt === null ? Number.POSITIVE_INFINITY : Date.parse(step.endedAt),
            },
          ],
    )
    .sort((a, b) => b.to - a.to);
  const path = new Set<string>();
  let before = Number.POSITIVE_INFINITY;
  for (const step of timed) {
    if (path.size > 0 && step.to > before) continue;
    path.add(step.key);
    before = step.from;
  }
  return path;
}

/** A step's time from its first attempt to its end, ms. */
export function tookMs(step: Step, now: number): number | null {
  if (step.startedAt === null) return null;
  return (step.endedAt === null ? now : Date.parse(step.endedAt)) - Date.parse(step.startedAt);
}
