import { fingerprintOf, recordError, rootOf } from "../decide/failure.ts";
import type { Compensation } from "../model/run.ts";
import type { StartRun } from "../model/start-run.ts";
import type { Next } from "../model/transition.ts";
import { tryRead } from "../model/user-errors.ts";
import type { Handler } from "./handler.ts";
import { encodeWithin } from "./step-operation.ts";
import type { Vault } from "./vault.ts";

/** How the code ended. */
export type Ending = { readonly output: unknown } | { readonly error: unknown } | { readonly continuesAs: StartRun };

/** What decides the run's state after its code ended. */
export interface EndingFacts {
  readonly handler: Handler;
  /** The point of no return that the run has passed, or null. */
  readonly pivot: string | null;
  readonly vault: Vault | null;
  /** The last holder crashed, and what it had begun is not known yet. */
  readonly isFrontierUnknown: boolean;
  /** Cleanups are registered that must run before a failed or cancelled run ends. */
  readonly hasCleanups: boolean;
}

export function nextOf(ending: Ending, facts: EndingFacts): Next {
  if ("error" in ending) return failureOf(ending.error, facts);
  if ("continuesAs" in ending) return { state: "completed", output: null, continuesAs: ending.continuesAs };
  const { handler, vault } = facts;
  try {
    const output = encodeWithin(ending.output, handler.payloadMax, handler.definition.name);
    if (output === null || vault === null || !vault.holds(output)) return { state: "completed", output };
    return { state: "completed", output: vault.seal(output, "", "output") };
  } catch (error) {
    return failureOf(error, facts);
  }
}

/** A dead letter, or the start of a compensation. */
export function failureOf(thrown: unknown, facts: EndingFacts): Next {
  const { handler, pivot, vault } = facts;
  const step = tryRead(() => stepOf(thrown), null);
  const whole = recordError(thrown);
  const clean = vault?.redactError(whole) ?? whole;
  const error = step === null ? clean : { ...clean, step };
  const fingerprint = fingerprintOf(handler.definition.name, step, rootOf(error));
  // After the point of no return nothing is undone: the failure waits for a person.
  const end = { end: "failed", error, fingerprint, step } as const;
  if (handler.onFailure === "compensate" && pivot === null) return undoingOf(end, facts);
  return facts.hasCleanups ? cleanupOf(end) : { state: "failed", error, fingerprint, step };
}

/** The run ends as it would, after its cleanups. It takes the way of a compensation, which survives every crash. */
export function cleanupOf(compensation: Compensation): Next {
  return { state: "compensating", compensation: { ...compensation, isCleanupOnly: true } };
}

/** What the last holder may have begun is known only when the history is used up. */
export function undoingOf(compensation: Compensation, { isFrontierUnknown }: EndingFacts): Next {
  return {
    state: "compensating",
    compensation: isFrontierUnknown ? { ...compensation, isFrontierUnknown: true } : compensation,
  };
}

/** The step whose failure ended the code, found through any errors that wrap it. */
function stepOf(thrown: unknown, depth = 0): string | null {
  if (typeof thrown !== "object" || thrown === null || depth > 5) return null;
  if ("step" in thrown && typeof thrown.step === "string") return thrown.step;
  if ("errors" in thrown && Array.isArray(thrown.errors)) return stepOf(thrown.errors[0], depth + 1);
  return "cause" in thrown ? stepOf(thrown.cause, depth + 1) : null;
}
