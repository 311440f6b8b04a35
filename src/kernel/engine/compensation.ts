import { fingerprintOf, recordError, rootOf } from "../decide/failure.ts";
import type { History } from "../decide/history.ts";
import { undoKeyOf } from "../model/journal.ts";
import { describeReason } from "../model/reason.ts";
import type { Compensation, LeasedRun } from "../model/run.ts";
import type { Next } from "../model/transition.ts";
import type { Scope } from "./scope.ts";
import { idempotencyKeyOf, type StepSpec } from "./step-operation.ts";
import { asUndoAttempt, type Undoable } from "./undo.ts";

/** A replayed run that is being undone. */
export interface Undoing {
  readonly run: LeasedRun;
  readonly history: History;
  readonly scope: Scope;
  /** In the order of undoing. */
  readonly undos: readonly Undoable[];
  liveChildren(): Promise<number>;
  pause(ms: number): Promise<void>;
  /** Keeps the run in memory; returns how to end that. */
  hold(): () => void;
  /** Whether this activation is over, or stops: somebody else will go on. */
  isStopped(): boolean;
  step(spec: StepSpec): Promise<unknown>;
}

/** Between looks whether the children have come to rest. */
const childLookMs = 100;

/**
 * Undoes, newest first, what the replay has rebuilt, and says how the run ends then. Each undo is recorded like a step,
 * so dying at any point repeats at most the one under way. The first that fails for good stops the rest: what came
 * before it may rest on it.
 */
export async function compensate(
  undoing: Undoing,
  compensation: Compensation,
): Promise<Extract<Next, { state: "failed" | "cancelled" | "suspended" }>> {
  const { undos, history } = undoing;
  await childrenAtRest(undoing);
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

/** Children were told to stop when the compensation began. What they still do must not meet the undos. */
async function childrenAtRest(undoing: Undoing): Promise<void> {
  const release = undoing.hold();
  try {
    while (!undoing.isStopped()) {
      // A store that does not answer has not said that they are at rest: it is asked again.
      const left = await undoing.liveChildren().catch(() => null);
      if (left === 0) return;
      await undoing.pause(childLookMs);
    }
  } finally {
    release();
  }
  await new Promise(() => {});
}

/** Nobody knows whether it happened, its undo cannot tell, and no person has said. */
function needsPerson({ key, isKnown, spec }: Undoable, history: History): boolean {
  return !isKnown && !spec.takesUnknown && !history.supplied.has(undoKeyOf(key));
}

function undo({ key, isKnown, result, spec }: Undoable, undoing: Undoing): Promise<unknown> {
  return undoing.step({
    key: undoKeyOf(key),
    kind: "undo",
    scope: undoing.scope,
    work: async (attempt) => {
      await spec.work(result, asUndoAttempt(attempt, isKnown, idempotencyKeyOf(undoing, key)));
    },
    policy: spec.policy,
    timeoutMs: spec.timeoutMs,
    whenExhausted: "fail",
    input: null,
    undo: null,
  });
}

function undoFailure(
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

/** All is undone: the run ends as it was going to. */
function compensated(
  compensation: Compensation,
  undone: readonly string[],
): Extract<Next, { state: "failed" | "cancelled" }> {
  if (compensation.end === "cancelled") {
    const { reason } = compensation;
    const error = reason.code === "by-person" ? `Cancelled ${describeReason(reason)}` : null;
    return { state: "cancelled", reason: { code: "compensated", undone, error } };
  }
  const { error, fingerprint, step } = compensation;
  return {
    state: "failed",
    error,
    fingerprint,
    step,
    reason: { code: "compensated", undone, error: error.message },
  };
}
