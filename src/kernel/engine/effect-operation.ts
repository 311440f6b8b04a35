import { decode } from "../../stdx/json.ts";
import { recordError } from "../decide/failure.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { Entry, EntryKind } from "../model/journal.ts";
import { reviveError } from "../model/user-errors.ts";
import type { Extras, Operation, OperationContext } from "./operation.ts";
import type { Scope } from "./scope.ts";
import type { UndoSpec } from "./undo.ts";

/**
 * An operation that happens only in the store, in the transaction that records it: a start, an event, a race's winner.
 */
export interface EffectSpec {
  readonly key: string;
  readonly kind: Extract<EntryKind, "start" | "emit" | "race" | "attributes" | "pivot" | "cleanup">;
  readonly scope: Scope;
  /** The JSON text that the code receives, and what is written with it. */
  readonly make: () => Effect | Promise<Effect>;
  /** Called in its turn, just before the code continues, live and in replay alike. */
  readonly onSettled?: (value: string | null) => void;
  /** Of a cleanup: what to call when its branch or the run is stopped. */
  readonly undo?: UndoSpec;
}

export interface Effect {
  readonly value: string | null;
  readonly extras?: Extras;
}

export class EffectOperation implements Operation {
  readonly key: string;
  readonly kind: EntryKind;
  readonly scope: Scope;
  readonly #spec: EffectSpec;
  readonly #context: OperationContext;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    spec: EffectSpec,
    context: OperationContext,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ) {
    this.key = spec.key;
    this.kind = spec.kind;
    this.scope = spec.scope;
    this.#spec = spec;
    this.#context = context;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get undo(): UndoSpec | null {
    return this.#spec.undo ?? null;
  }

  begin(): void {
    const made = this.#spec.make();
    if (!(made instanceof Promise)) return this.#record(made);
    const release = this.#context.hold();
    made
      .then(
        (effect) => this.#record(effect),
        (error: unknown) =>
          this.#context.record(this, { ...first, outcome: "error", value: JSON.stringify(recordError(error)) }),
      )
      .finally(release);
  }

  #record(effect: Effect): void {
    this.#context.record(this, { ...first, outcome: "ok", value: effect.value }, effect.extras);
  }

  settle(entry: Entry): void {
    this.#spec.onSettled?.(entry.value);
    if (entry.outcome === "error") this.#reject(reviveError(JSON.parse(entry.value ?? "{}") as ErrorRecord));
    else this.#resolve(decode(entry.value));
  }

  abort(): void {}
}

const first = { input: null, attempts: 1, tookMs: 0 } as const;
