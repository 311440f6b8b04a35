import { byteLength } from "../../stdx/json.ts";
import { BatonError } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";
import type { EventIn } from "../model/transition.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import { encodePayload } from "./payload.ts";
import { type Routing, runsCode } from "./routing.ts";
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
  readonly routing: Routing;
  /** This worker's incarnation; 0 before it has joined. */
  worker(): number;
}

/** Accepts events, with the runs that they start. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Accepts an event. When it returns, the event and everything that it starts and wakes is on disk. An event for which
   * author code must run is stored first, with its first routing try. If that try has no result, or if this worker is
   * not alive, the event is routed later, and `matched` has only the runs that it woke.
   */
  async emit(input: EventInput): Promise<{ id: string; matched: number; isDuplicate: boolean }> {
    const id = input.id ?? this.#parts.random.uuid();
    checkEventText("name", input.name, defaults.nameMax);
    checkEventText("id", id, defaults.keyMax);
    const source = input.source ?? "api";
    checkEventText("source", source, defaults.keyMax);
    checkIdentity(source, id);
    const data = encodePayload(input.data, "data", defaults.payloadMax);
    const event = { name: input.name, data, source, id };
    const stored: EventIn = { ...event, ...this.#sealedData(input, source, id, data) };
    const { store, routing } = this.#parts;
    const subscribers = routing.subscribersOf(input.name);
    if (!runsCode(subscribers)) {
      const { starts, refused } = await routing.startsHere(event, subscribers);
      const outcome = await store.commit({ kind: "event", event: stored, isRouted: true, starts, refused });
      return { id, matched: outcome.matched, isDuplicate: outcome.isDuplicate };
    }
    const { outcome, matched } = await routing.accept(event, subscribers, () =>
      store.commit({
        kind: "event",
        event: stored,
        isRouted: false,
        triedBy: this.#parts.worker(),
        starts: [],
        refused: [],
      }),
    );
    return { id, matched: matched ?? outcome.matched, isDuplicate: outcome.isDuplicate };
  }

  #sealedData(input: EventInput, source: string, id: string, data: string | null): { sealed?: string } {
    if (input.sensitive !== true || data === null) return {};
    return { sealed: sealText(this.#parts.cipher, data, placeOfEvent(source, id)) };
  }
}

/** Source and id identify an event together, and PostgreSQL limits the size of an index entry. */
function checkIdentity(source: string, id: string): void {
  const bytes = byteLength(source) + byteLength(id);
  if (bytes <= identityBytesMax) return;
  throw new BatonError(
    "invalid-event",
    `the source and id of an event have ${bytes} bytes together, the limit is ${identityBytesMax}`,
    { hint: "shorten the id, for example to a hash of it" },
  );
}

const identityBytesMax = 1_500;

/** Also checks callers without types: an event with other values could never be found. */
function checkEventText(field: string, value: unknown, max: number): void {
  const isText = typeof value === "string" && value.isWellFormed() && !value.includes("\0");
  if (isText && value !== "" && value.length <= max) return;
  throw new BatonError("invalid-event", `the ${field} of an event must be a string of 1 to ${max} characters`);
}
