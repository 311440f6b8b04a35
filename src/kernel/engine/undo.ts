import { decode } from "../../stdx/json.ts";
import type { History } from "../decide/history.ts";
import type { RetryPolicy } from "../decide/retry.ts";
import type { EntryKind } from "../model/journal.ts";
import type { Attempt, StepAttempt } from "./attempt.ts";

/** What an undo is given besides the step's result. */
export interface UndoAttempt extends StepAttempt {
  /** `unknown`: the step was under way when its process died or its run ended, and nobody knows whether it happened. */
  readonly outcome: "known" | "unknown";
  /** The idempotency key that the step itself had, to ask the other system by. */
  readonly stepIdempotencyKey: string;
}

/** How a step is undone, as its layer describes it. */
export interface UndoSpec {
  readonly work: (result: unknown, attempt: UndoAttempt) => unknown;
  /** Whether it can be called for a step whose outcome is unknown. */
  readonly takesUnknown: boolean;
  readonly policy: RetryPolicy;
  readonly timeoutMs: number | null;
}

/** What its code has asked for, as far as undoing looks at it. */
interface Requested {
  readonly key: string;
  readonly kind: EntryKind;
  readonly undo?: UndoSpec | null;
}

/** A step that is to be undone. */
export interface Undoable {
  /** Of the step. */
  readonly key: string;
  readonly isKnown: boolean;
  readonly result: unknown;
  readonly spec: UndoSpec;
}

/**
 * What is to be undone, in the order of undoing: the newest result first, and before all of them the steps that may or
 * may not have happened: those that were begun and have no result. `isFrontierUnknown`: the last holder died, so what
 * the code asked for last may have begun as well. Pure.
 */
export function listUndos(
  history: History,
  operations: ReadonlyMap<string, Requested>,
  isFrontierUnknown: boolean,
  open: (text: string | null, step: string) => string | null = (text) => text,
): readonly Undoable[] {
  // A child that is under way is cancelled, which says all about its outcome.
  const isOpen = ({ key, kind }: Requested): boolean =>
    kind !== "child" &&
    history.byKey.get(key) === undefined &&
    (isFrontierUnknown || history.abandoned.has(key) || history.attempts.has(key));
  const unknown = [...operations.values()]
    .filter(isOpen)
    .flatMap(({ key, undo }) => (undo == null ? [] : [{ key, isKnown: false, result: undefined, spec: undo }]));
  const known = history.entries.flatMap(({ key, outcome, value }) => {
    const undo = operations.get(key)?.undo;
    return undo == null || outcome !== "ok"
      ? []
      : [{ key, isKnown: true, result: decode(open(value, key)), spec: undo }];
  });
  return [...known, ...unknown].toReversed().filter(({ key }) => !history.undone.has(key));
}

/** An attempt of an undo, as its author sees it. */
export function asUndoAttempt(attempt: Attempt, isKnown: boolean, stepIdempotencyKey: string): UndoAttempt {
  return {
    number: attempt.number,
    input: undefined,
    idempotencyKey: attempt.idempotencyKey,
    deadlineAt: attempt.deadlineAt,
    stepIdempotencyKey,
    outcome: isKnown ? "known" : "unknown",
    get signal() {
      return attempt.signal;
    },
    get log() {
      return attempt.log;
    },
    progress: (share, note) => attempt.progress(share, note),
  };
}
