import { decode } from "../../stdx/json.ts";
import { recordError } from "../decide/failure.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { Arrival, Entry } from "../model/journal.ts";
import { hasSealed, isSealed } from "../model/sealed.ts";
import type { StartRun } from "../model/start-run.ts";
import type { WaitOpening } from "../model/transition.ts";
import { ChildFailedError } from "../model/user-errors.ts";
import type { Ask, Desk, Extras } from "./ask.ts";
import type { Scope } from "./scope.ts";
import { openWith } from "./step-ask.ts";
import type { UndoSpec } from "./undo.ts";

/** A sleep, a wait for an event or for a child run: it holds no thread and, when it is long, no memory. */
export interface WaitSpec {
  readonly key: string;
  readonly kind: "sleep" | "event" | "child";
  readonly scope: Scope;
  readonly opening: WaitOpening;
  /** Makes the child that is started together with the registration of its wait. */
  readonly child: (() => Promise<StartRun>) | null;
  readonly undo?: UndoSpec | null;
  readonly isSensitive?: boolean;
}

export class WaitAsk implements Ask {
  readonly key: string;
  readonly kind: "sleep" | "event" | "child";
  readonly scope: Scope;
  readonly #spec: WaitSpec;
  readonly #desk: Desk;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;

  constructor(spec: WaitSpec, desk: Desk, resolve: (value: unknown) => void, reject: (error: Error) => void) {
    this.key = spec.key;
    this.kind = spec.kind;
    this.scope = spec.scope;
    this.#spec = spec;
    this.#desk = desk;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get undo(): UndoSpec | null {
    return this.#spec.undo ?? null;
  }

  begin(): void {
    if (this.#spec.isSensitive && !this.#desk.canSeal)
      return this.#desk.suspend({ code: "sealed", step: this.key, error: "no key for sensitive values is set" });
    const supplied = this.#desk.history.supplied.get(this.key);
    if (supplied !== undefined) {
      const value = this.#atRest(openWith(this.#desk, supplied, this.key, "supplied"));
      const draft = { outcome: "ok", value, input: null, attempts: 0, tookMs: 0 } as const;
      return this.#desk.record(this, draft, { closes: [this.key] });
    }
    const registered = this.#desk.history.waits.get(this.key);
    const onDue = (): void => this.#expire();
    if (registered !== undefined) {
      this.#desk.resumeWait({ key: this.key, kind: registered.kind, dueAt: registered.dueAt, ask: this, onDue });
    } else if (this.#spec.child === null) this.#desk.openWait(this.#spec.opening, this, onDue);
    else this.#startChild(this.#spec.child, onDue);
  }

  #startChild(prepare: () => Promise<StartRun>, onDue: () => void): void {
    const release = this.#desk.hold();
    prepare()
      .then(
        (start) => this.#desk.openWait({ ...this.#spec.opening, name: start.id }, this, onDue, [start]),
        (error: unknown) => {
          const value = JSON.stringify({ run: "", status: "failed", error: recordError(error) });
          this.#desk.record(this, { outcome: "error", value, input: null, attempts: 1, tookMs: 0 });
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
      this.#reject(Object.assign(new ChildFailedError(run, status, error), { step: this.key }));
    } else this.#resolve(decode(openWith(this.#desk, entry.value, this.key, "output")));
  }

  /** As it is recorded: sealed when it is sensitive, or has something sensitive in it. */
  #atRest(text: string | null): string | null {
    if (text === null) return null;
    const { vault } = this.#desk;
    if (this.#spec.isSensitive || vault?.holds(text)) return this.#desk.openVault().seal(text, this.key, "output");
    return text;
  }

  abort(): void {
    this.#desk.closeWait(this.key);
  }

  /** The event or the child's end becomes history. */
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
        const clear = isSealed(output) ? this.#desk.openVault().openOf(id, output, "", "output") : output;
        this.#desk.record(this, { ...draft, outcome: "ok", value: this.#atRest(clear) }, extras);
      } else {
        const value = JSON.stringify({ run: id, status, error: error === null ? null : JSON.parse(error) });
        this.#desk.record(this, { ...draft, outcome: "error", value }, extras);
      }
    } else this.#recordEvent(arrival.body, extras);
  }

  /** An event that one wait has taken as sensitive is sealed in its own row too; another wait still gets it in clear. */
  #recordEvent(body: string | null, extras: Extras): void {
    const clear = hasSealed(body) ? this.#desk.openVault().openEvent(body ?? "") : body;
    const draft = { input: null, attempts: 1, tookMs: 0, outcome: "ok", value: this.#atRest(clear) } as const;
    const sealed =
      this.#spec.isSensitive && clear !== null ? { sealEvents: [this.#desk.openVault().sealEvent(clear)] } : {};
    this.#desk.record(this, draft, { ...extras, ...sealed });
  }

  /** Its time has come: a sleep is over, a wait for an event answers null. */
  #expire(): void {
    const value = this.kind === "event" ? "null" : null;
    this.#desk.record(this, { outcome: "ok", value, input: null, attempts: 1, tookMs: 0 }, { expires: [this.key] });
  }
}
