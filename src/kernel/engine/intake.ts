import { byteLength, decode } from "../../stdx/json.ts";
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
    const source = input.source ?? "api";
    checkEventText("source", source, defaults.keyMax);
    checkIdentity(source, id);
    const data = encodePayload(input.data, "data", defaults.payloadMax);
    const { starts, refused } = await this.#startsFor({ name: input.name, data, source, id });
    const outcome: EventOutcome = await this.#parts.store.commit({
      kind: "event",
      event: { name: input.name, data, source, id, ...this.#sealedData(input, source, id, data) },
      isRouted: true,
      starts,
      refused,
    });
    return { id, matched: outcome.matched, isDuplicate: outcome.isDuplicate };
  }

  #sealedData(input: EventInput, source: string, id: string, data: string | null): { sealed?: string } {
    if (input.sensitive !== true || data === null) return {};
    return { sealed: sealText(this.#parts.cipher, data, placeOfEvent(source, id)) };
  }

  triggered(event: EventRow): Promise<{ starts: readonly StartRun[]; refused: readonly string[] }> {
    return this.#startsFor(event);
  }

  /**
   * Starts are unique for each definition and event. If an input schema refuses the data, the reason is kept with the
   * event.
   */
  async #startsFor({ name, data, source, id }: Pick<EventRow, "name" | "data" | "source" | "id">): Promise<{
    starts: readonly StartRun[];
    refused: readonly string[];
  }> {
    const starts: StartRun[] = [];
    const refused: string[] = [];
    for (const handler of this.#parts.definitions.all.filter((each) => each.triggers.includes(name))) {
      if (this.#parts.definitions.chosen(handler.definition.name) !== handler) continue;
      try {
        const prepared = await this.#parts.definitions.handlerOf(handler.definition.name).prepare(decode(data), {});
        const start = this.#parts.startOf(handler, prepared, { by: "event", event: `${source}/${id}` });
        starts.push({ ...start, idempotencyKey: eventStartKey(source, id) });
      } catch (error) {
        refused.push(`${handler.definition.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { starts, refused };
  }
}

/**
 * The idempotency key of the runs that an event starts. The length of the source comes first, because both parts may
 * contain any character: `a` with id `b/c` is not `a/b` with id `c`.
 */
export function eventStartKey(source: string, id: string): string {
  return `event:${source.length}:${source}/${id}`;
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
