import { decode } from "../../stdx/json.ts";
import { recordError } from "../decide/failure.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { Arrival, Entry } from "../model/journal.ts";
import { hasSealed, isSealed } from "../model/sealed.ts";
import type { StartRun } from "../model/start-run.ts";
import type { WaitOpening } from "../model/transition.ts";
import { ChildFailedError, reviveError } from "../model/user-errors.ts";
import type { Extras, Operation, OperationContext } from "./operation.ts";
import type { Scope } from "./scope.ts";
import { openWith } from "./step-operation.ts";
import type { UndoSpec } from "./undo.ts";

/** A sleep, or a wait for an event or a child run. It holds no thread and, if it is long, no memory. */
export interface WaitSpec {
  readonly key: string;
  readonly kind: "sleep" | "event" | "child";
  readonly scope: Scope;
  readonly opening: WaitOpening;
  /** Creates the child that is started when its wait is registered. */
  readonly child: (() => Promise<StartRun>) | null;
  readonly undo?: UndoSpec | null;
  readonly isSensitive?: boolean;
}

export class WaitOperation implements Operation {
  readonly key: string;
  readonly kind: "sleep" | "event" | "child";
  readonly scope: Scope;
  readonly #spec: WaitSpec;
  readonly #context: OperationContext;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    spec: WaitSpec,
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
    if (this.#spec.isSensitive && !this.#context.canSeal)
      return this.#context.suspend({ code: "sealed", step: this.key, error: "no key for sensitive values is set" });
    const { history } = this.#context;
    const supplied = history.supplied.get(this.key);
    const registered = history.waits.get(this.key);
    const isFresh = supplied === undefined && registered === undefined && this.kind === "event";
    const again = isFresh ? history.received.get(this.key) : undefined;
    if (supplied !== undefined || again !== undefined) {
      const clear =
        supplied === undefined
          ? openWith(this.#context, again ?? null, this.key, "output")
          : openWith(this.#context, supplied, this.key, "supplied");
      const value = this.#forStorage(clear);
      const draft = { outcome: "ok", value, input: null, attempts: 0, tookMs: 0 } as const;
      return this.#context.record(this, draft, { closes: [this.key] });
    }
    const onDue = (): void => this.#expire();
    if (registered !== undefined) {
      this.#context.resumeWait({
        key: this.key,
        kind: registered.kind,
        dueAt: registered.dueAt,
        operation: this,
        onDue,
      });
    } else if (this.#spec.child === null) this.#context.openWait(this.#spec.opening, this, onDue);
    else this.#startChild(this.#spec.child, onDue);
  }

  #startChild(prepare: () => Promise<StartRun>, onDue: () => void): void {
    const release = this.#context.hold();
    prepare()
      .then(
        (start) => {
          // The branch may have lost meanwhile: then the child never starts.
          if (!this.scope.isClosed)
            this.#context.openWait({ ...this.#spec.opening, name: start.id }, this, onDue, [start]);
        },
        (error: unknown) => {
          const value = JSON.stringify({ run: "", status: "failed", error: recordError(error) });
          this.#context.record(this, { outcome: "error", value, input: null, attempts: 1, tookMs: 0 });
        },
      )
      .finally(release);
  }

  settle(entry: Entry): void {
    if (entry.outcome === "error") {
      const { run, status, error } = JSON.parse(entry.value ?? "{}") as {
        run: string;
        status: string;
        error: ErrorRecord | null;
      };
      // A call that started nothing has no child: the code gets the reason itself, with its code.
      const thrown =
        status === "refused" && error !== null ? reviveError(error) : new ChildFailedError(run, status, error);
      this.#reject(Object.assign(thrown, { step: this.key }));
    } else this.#resolve(decode(openWith(this.#context, entry.value, this.key, "output")));
  }

  /** The value as recorded: sealed if it is sensitive or contains a sensitive value. */
  #forStorage(text: string | null): string | null {
    if (text === null) return null;
    const { vault } = this.#context;
    if (this.#spec.isSensitive || vault?.holds(text)) return this.#context.openVault().seal(text, this.key, "output");
    return text;
  }

  /** `isRegistered`: its row exists although the wait is not open here, because the holder that closed it crashed. */
  abort(_reason: Error, isRegistered = false): void {
    const isStopped = this.scope.isClosed && this.#context.safeguards.stopsChildren();
    if (this.kind === "child" && isStopped) this.#context.cancelChild(this.key, isRegistered);
    else this.#context.closeWait(this.key, isRegistered);
  }

  refuse(error: ErrorRecord): void {
    const value = JSON.stringify({ run: "", status: "refused", error });
    this.#context.record(this, { outcome: "error", value, input: null, attempts: 1, tookMs: 0 });
  }

  /** Records the event or the child's end in the history. */
  arrive(arrival: Arrival): void {
    const extras = { closes: [this.key], read: [arrival.id] };
    const draft = { input: null, attempts: 1, tookMs: 0 } as const;
    if (this.kind === "child") {
      const { id, status, output, error } = JSON.parse(arrival.body ?? "{}") as {
        id: string;
        status: string;
        output: string | null;
        error: string | null;
      };
      if (status === "completed") {
        const clear = isSealed(output) ? this.#context.openVault().openOf(id, output, "", "output") : output;
        this.#context.record(this, { ...draft, outcome: "ok", value: this.#forStorage(clear) }, extras);
      } else {
        const value = JSON.stringify({ run: id, status, error: error === null ? null : JSON.parse(error) });
        this.#context.record(this, { ...draft, outcome: "error", value }, extras);
      }
    } else this.#recordEvent(arrival.body, extras);
  }

  /** If a wait marks the event as sensitive, its own row is sealed too; other waits still receive it in clear text. */
  #recordEvent(body: string | null, extras: Extras): void {
    const clear = hasSealed(body) ? this.#context.openVault().openEvent(body ?? "") : body;
    const draft = { input: null, attempts: 1, tookMs: 0, outcome: "ok", value: this.#forStorage(clear) } as const;
    const sealed =
      this.#spec.isSensitive && clear !== null ? { sealEvents: [this.#context.openVault().sealEvent(clear)] } : {};
    this.#context.record(this, draft, { ...extras, ...sealed });
  }

  /** The wait is due: a sleep is over, a wait for an event returns null. */
  #expire(): void {
    const value = this.kind === "event" ? "null" : null;
    this.#context.record(this, { outcome: "ok", value, input: null, attempts: 1, tookMs: 0 }, { expires: [this.key] });
  }
}
