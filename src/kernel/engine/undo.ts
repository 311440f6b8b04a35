import { decode } from "../../stdx/json.ts";
import type { History } from "../decide/history.ts";
import type { RetryPolicy } from "../decide/retry.ts";
import type { EntryKind } from "../model/journal.ts";
import type { Attempt, StepAttempt } from "./attempt.ts";
import type { Stop } from "./scope.ts";

/** What an `undo` function receives in addition to the step's result. */
export interface UndoAttempt extends StepAttempt {
  /** `unknown`: the step was running when its process crashed or its run ended, so it may or may not have happened. */
  readonly outcome: "known" | "unknown";
  /** The idempotency key of the step itself, to query the other system with. */
  readonly stepIdempotencyKey: string;
}

/** How to undo a step, as its layer describes it. */
export interface UndoSpec {
  readonly work: (result: unknown, attempt: UndoAttempt) => unknown;
  /** Whether it handles a step whose outcome is unknown. */
  readonly takesUnknown: boolean;
  readonly policy: RetryPolicy;
  readonly timeoutMs: number | null;
}

/** The part of an operation that matters for undoing it. */
interface Requested {
  readonly key: string;
  readonly kind: EntryKind;
  readonly undo?: UndoSpec | null;
}

/** A step to undo. */
export interface Undoable {
  /** The step's key. */
  readonly key: string;
  readonly kind: EntryKind;
  readonly isKnown: boolean;
  readonly result: unknown;
  readonly spec: UndoSpec;
  /** Of a cleanup: the stopped branch that registered it. */
  readonly stop?: Stop | null;
}

/**
 * Lists what to undo, in the order of undoing: first the steps that were begun and have no result, which may or may not
 * have happened, then the completed steps, newest first. `isFrontierUnknown`: the last holder crashed, so what the code
 * requested last may have begun as well. Pure.
 */
export function listUndos(
  history: History,
  operations: ReadonlyMap<string, Requested>,
  isFrontierUnknown: boolean,
  open: (text: string | null, step: string) => string | null = (text) => text,
): readonly Undoable[] {
  // A running child is cancelled, so its outcome is known.
  const isOpen = ({ key, kind }: Requested): boolean =>
    kind !== "child" &&
    // What a cleanup is for begins only after it has been registered.
    kind !== "cleanup" &&
    history.byKey.get(key) === undefined &&
    (isFrontierUnknown || history.abandoned.has(key) || history.attempts.has(key));
  const unknown = [...operations.values()]
    .filter(isOpen)
    .flatMap(({ key, kind, undo }) =>
      undo == null ? [] : [{ key, kind, isKnown: false, result: undefined, spec: undo }],
    );
  const known = history.entries.flatMap(({ key, kind, outcome, value }) => {
    const undo = operations.get(key)?.undo;
    return undo == null || outcome !== "ok"
      ? []
      : [{ key, kind, isKnown: true, result: decode(open(value, key)), spec: undo }];
  });
  return [...known, ...unknown].toReversed().filter(({ key }) => !history.undone.has(key));
}

/** An attempt of an undo, as its author's code receives it. */
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
