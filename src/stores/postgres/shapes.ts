import { readPath } from "../../kernel/decide/match.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { AcceptEvent, WaitOpening } from "../../kernel/model/transition.ts";
import { canonical, decode } from "../../stdx/json.ts";
import { anyHash, hashOf, hashOfData } from "../sql/matching.ts";

/** Under which an event is looked for: its place among the events of a batch, and what a wait says that wants it. */
export interface EventKey {
  readonly hash: number;
  /** As waits keep it: paths and values as canonical JSON; null: whoever waits compares nothing. */
  readonly match: string | null;
}

/**
 * Sets of paths that waits compare, by event name, as far as this process knows them. They only ever become more: who
 * sends an event says how many it knew of, and the server refuses when there are others.
 */
export class Shapes {
  readonly #known = new Map<string, readonly string[]>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #read: (name: string) => Promise<readonly string[]>;

  constructor(read: (name: string) => Promise<readonly string[]>) {
    this.#read = read;
  }

  /** Null: not known here, or too many to look up by hash. */
  of(name: string): readonly string[] | null {
    const shapes = this.#known.get(name);
    return shapes === undefined || shapes.length >= defaults.matchShapesMax ? null : shapes;
  }

  /** Resolves when what the store has of a name is known here, at the latest after it was asked for once. */
  async whenKnown(name: string): Promise<void> {
    if (this.#asking.has(name) || !this.#known.has(name)) await this.ask(name);
  }

  /** Reads them anew, after `first`: somebody has added one, or is about to. */
  ask(name: string, first: Promise<unknown> = Promise.resolve()): Promise<void> {
    const asked = this.#asking.get(name);
    if (asked !== undefined) return asked;
    const asking = first
      .then(() => this.#read(name))
      .then((shapes) => void this.#known.set(name, shapes))
      // Whoever needs it goes the longer way meanwhile.
      .catch(() => undefined)
      .finally(() => this.#asking.delete(name));
    this.#asking.set(name, asking);
    return asking;
  }

  /** The moment from which it can be told how waits lie; null: now. */
  pendingOf(waits: readonly WaitOpening[]): Promise<void> | null {
    for (const { kind, name = "", match = {} } of waits) {
      if (kind !== "event" || Object.keys(match).length === 0) continue;
      const asking = this.#asking.get(name);
      if (asking !== undefined) return asking;
      if (!this.#known.has(name)) return this.ask(name);
    }
    return null;
  }

  /** The hash that a wait lies under; null: its paths are new, which takes the shared code. */
  hashOfWait({ name = "", match = {} }: WaitOpening): number | null {
    const paths = Object.keys(match).sort();
    if (paths.length === 0) return anyHash;
    return this.of(name)?.includes(paths.join("\n")) === true ? hashOf(paths, match) : null;
  }

  keysOf({ event }: AcceptEvent, shapes: readonly string[]): readonly EventKey[] {
    const data = decode(event.data);
    const keys: EventKey[] = [{ hash: anyHash, match: null }];
    for (const shape of shapes) {
      const paths = shape.split("\n");
      const hash = hashOfData(paths, data);
      if (hash === null) continue;
      keys.push({ hash, match: canonical(Object.fromEntries(paths.map((path) => [path, readPath(data, path)]))) });
    }
    return keys;
  }
}
