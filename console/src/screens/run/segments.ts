import type { Attempt, Step } from "@wire/step.ts";

/** What a step did during a time range. */
export interface Segment {
  readonly kind: "ok" | "bad" | "going" | "backoff" | "wait" | "undo";
  readonly from: number;
  /** Null: not ended. */
  readonly to: number | null;
  readonly title: string;
}

const waits: ReadonlySet<string> = new Set(["sleep", "event", "child", "race"]);

/** The attempts of a step and the backoff between them, or its wait. */
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
    // Between two rounds the run was stopped until a manual action, so there is no backoff.
    if (beforeEnd !== null && from > beforeEnd && before?.round === attempt.round)
      segments.push({ kind: "backoff", from: beforeEnd, to: from, title: `backoff before attempt ${attempt.number}` });
    segments.push(barOf(attempt, kind === "undo"));
  }
  const last = attempts.at(-1);
  if (step.status === "waiting" && last?.endedAt != null)
    segments.push({
      kind: "backoff",
      from: Date.parse(last.endedAt),
      to: null,
      title: "backoff before the next attempt",
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
 * Keys of the steps on the critical path: starting with the step that ended last, each previous one is the step that
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

/** Duration of a step from its first attempt to its end, ms. */
export function stepDurationMs(step: Step, now: number): number | null {
  if (step.startedAt === null) return null;
  return (step.endedAt === null ? now : Date.parse(step.endedAt)) - Date.parse(step.startedAt);
}
