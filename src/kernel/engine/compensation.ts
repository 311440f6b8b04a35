import { fingerprintOf, recordError, rootOf } from "../decide/failure.ts";
import type { History } from "../decide/history.ts";
import { undoKeyOf } from "../model/journal.ts";
import { describeReason } from "../model/reason.ts";
import type { Compensation, LeasedRun } from "../model/run.ts";
import type { Next } from "../model/transition.ts";
import type { Scope, Stop } from "./scope.ts";
import { idempotencyKeyOf, type StepSpec } from "./step-operation.ts";
import { asUndoAttempt, type Undoable } from "./undo.ts";

/** A replayed run that is being compensated. */
export interface Undoing {
  readonly run: LeasedRun;
  readonly history: History;
  readonly scope: Scope;
  /** In the order in which they run. */
  readonly undos: readonly Undoable[];
  liveChildren(): Promise<number>;
  pause(ms: number): Promise<void>;
  /** Keeps the run in memory; returns a function that releases it. */
  hold(): () => void;
  /** Whether this activation is over or stopping: another one will continue. */
  isStopped(): boolean;
  step(spec: StepSpec): Promise<unknown>;
}

/** Delay between checks whether the children have ended. */
const childPollMs = 100;

/**
 * Undoes the replayed steps, newest first, and returns how the run ends. Each undo is recorded like a step, so a crash
 * repeats at most the one in progress. The first one that fails for good stops the rest: undos of earlier steps may
 * depend on it.
 */
export async function compensate(
  undoing: Undoing,
  compensation: Compensation,
): Promise<Extract<Next, { state: "failed" | "cancelled" | "suspended" }>> {
  const { undos, history } = undoing;
  // The children of a run that can be resumed run on.
  const isResumable = compensation.isCleanupOnly === true && compensation.end === "failed";
  if (!isResumable) await childrenEnded(undoing);
  const undone = [...history.undone];
  for (const [i, each] of undos.entries()) {
    if (needsPerson(each, history)) return { state: "suspended", reason: { code: "unknown-undo", step: each.key } };
    try {
      await undo(each, undoing);
    } catch (error) {
      const left = undos.slice(i).map(({ key }) => key);
      return undoFailure(error, each.key, undoing.run, undone, left);
    }
    undone.push(each.key);
  }
  return compensated(compensation, undone);
}

/** Children were asked to stop when the compensation began. Their remaining work must not overlap with the undos. */
async function childrenEnded(undoing: Undoing): Promise<void> {
  const release = undoing.hold();
  try {
    while (!undoing.isStopped()) {
      // If the store does not answer, it is unknown whether they have ended: ask again.
      const left = await undoing.liveChildren().catch(() => null);
      if (left === 0) return;
      await undoing.pause(childPollMs);
    }
  } finally {
    release();
  }
  await new Promise(() => {});
}

/** The outcome is unknown, the undo does not handle that, and no person has supplied it. */
function needsPerson({ key, isKnown, spec }: Undoable, history: History): boolean {
  return !isKnown && !spec.takesUnknown && !history.supplied.has(undoKeyOf(key));
}

function undo(each: Undoable, undoing: Undoing): Promise<unknown> {
  return undoing.step(undoStep(each, undoing, undoing.scope, each.stop ?? null));
}

/** An undo or a cleanup as a step. `stop`: the stopped branch that it belongs to, while the run itself goes on. */
export function undoStep(
  { key, isKnown, result, spec }: Undoable,
  run: Pick<Undoing, "run" | "history">,
  scope: Scope,
  stop: Stop | null,
): StepSpec {
  return {
    key: undoKeyOf(key),
    kind: "undo",
    scope,
    work: async (attempt) => {
      await spec.work(result, asUndoAttempt(attempt, isKnown, idempotencyKeyOf(run, key)));
      return stop ?? undefined;
    },
    policy: spec.policy,
    timeoutMs: spec.timeoutMs,
    whenExhausted: "fail",
    input: null,
    undo: null,
  };
}

export function undoFailure(
  thrown: unknown,
  key: string,
  run: LeasedRun,
  undone: readonly string[],
  left: readonly string[],
): Extract<Next, { state: "failed" }> {
  const step = undoKeyOf(key);
  const error = { ...recordError(thrown), step };
  return {
    state: "failed",
    error,
    fingerprint: fingerprintOf(run.definition.name, step, rootOf(error)),
    step,
    reason: { code: "compensation-failed", step: key, error: error.message, undone, left },
  };
}

/** All steps are undone: the run ends as decided before. */
function compensated(
  compensation: Compensation,
  undone: readonly string[],
): Extract<Next, { state: "failed" | "cancelled" }> {
  if (compensation.end === "cancelled") {
    const { reason } = compensation;
    if (compensation.isCleanupOnly === true) return { state: "cancelled", reason };
    const error = reason.code === "by-person" ? `Cancelled ${describeReason(reason)}` : null;
    return { state: "cancelled", reason: { code: "compensated", undone, error } };
  }
  const { error, fingerprint, step } = compensation;
  if (compensation.isCleanupOnly === true) return { state: "failed", error, fingerprint, step, isCleanedUp: true };
  return {
    state: "failed",
    error,
    fingerprint,
    step,
    reason: { code: "compensated", undone, error: error.message },
  };
}
