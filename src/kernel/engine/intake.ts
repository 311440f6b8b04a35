import { decode } from "../../stdx/json.ts";
import { BatonError } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import type { Origin } from "../model/run.ts";
import type { StartRun } from "../model/start-run.ts";
import type { EventOutcome } from "../model/transition.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { EventRow } from "../ports/queries.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { Definitions } from "./definitions.ts";
import type { Handler, Prepared } from "./handler.ts";
import { encodePayload } from "./payload.ts";
import { placeOfEvent, sealText } from "./vault.ts";

export interface EventInput {
  readonly name: string;
  readonly data?: unknown;
  /** Unique for its source. An event with a known id is accepted and has no effect. */
  readonly id?: string;
  readonly source?: string;
  /** Its data is sealed before it is written. Later waits can find it only by matches that earlier waits had used. */
  readonly sensitive?: boolean;
}

export interface IntakeParts {
  readonly store: Store;
  readonly random: Random;
  readonly cipher: Cipher;
  readonly definitions: Definitions;
  startOf(handler: Handler, prepared: Prepared, origin: Origin): StartRun;
}

/** Accepts events, with the runs that they start. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Accepts an event. When it returns, the event and everything that it starts and wakes is on disk. */
  async emit(input: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }> {
    const id = input.id ?? this.#parts.random.uuid();
    checkEventText("name", input.name, defaults.nameMax);
    checkEventText("id", id, defaults.keyMax);
    checkEventText("source", input.source ?? "api", defaults.keyMax);
    const data = encodePayload(input.data, "data", defaults.payloadMax);
    const { starts, refused } = await this.#startsFor(input.name, data, `${input.source ?? "api"}/${id}`);
    const outcome: EventOutcome = await this.#parts.store.commit({
      kind: "event",
      event: { name: input.name, data, source: input.source ?? "api", id, ...this.#sealedData(input, id, data) },
      isRouted: true,
      starts,
      refused,
    });
    return { id, matched: outcome.matched, isDuplicate: outcome.isDuplicate };
  }

  #sealedData(input: EventInput, id: string, data: string | null): { sealed?: string } {
    if (input.sensitive !== true || data === null) return {};
    return { sealed: sealText(this.#parts.cipher, data, placeOfEvent(input.source ?? "api", id)) };
  }

  triggered(event: EventRow): Promise<{ starts: readonly StartRun[]; refused: readonly string[] }> {
    return this.#startsFor(event.name, event.data, `${event.source}/${event.id}`);
  }

  /**
   * Starts are unique for each definition and event. If an input schema refuses the data, the reason is kept with the
   * event.
   */
  async #startsFor(
    name: string,
    data: string | null,
    event: string,
  ): Promise<{ starts: readonly StartRun[]; refused: readonly string[] }> {
    const starts: StartRun[] = [];
    const refused: string[] = [];
    for (const handler of this.#parts.definitions.all.filter((each) => each.triggers.includes(name))) {
      if (this.#parts.definitions.chosen(handler.definition.name) !== handler) continue;
      try {
        const prepared = await this.#parts.definitions.handlerOf(handler.definition.name).prepare(decode(data), {
          idempotencyKey: `event:${event}`.slice(0, defaults.keyMax),
        });
        starts.push(this.#parts.startOf(handler, prepared, { by: "event", event }));
      } catch (error) {
        refused.push(`${handler.definition.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { starts, refused };
  }
}

/** Also checks callers without types: an event with other values could never be found. */
function checkEventText(field: string, value: unknown, max: number): void {
  const isText = typeof value === "string" && value.isWellFormed() && !value.includes("\0");
  if (isText && value !== "" && value.length <= max) return;
  throw new BatonError("invalid-event", `the ${field} of an event must be a string of 1 to ${max} characters`);
}
