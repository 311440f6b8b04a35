import { readPath } from "../../kernel/decide/match.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { AcceptEvent, WaitOpening } from "../../kernel/model/transition.ts";
import { canonical, decode } from "../../stdx/json.ts";
import { anyHash, hashOf, hashOfData } from "../sql/matching.ts";

/** A key of an event for lookups: its hash, and the match of the waits that it satisfies. */
export interface EventKey {
  readonly hash: number;
  /** The match as stored by waits: paths and values as canonical JSON. Null: waits that compare nothing. */
  readonly match: string | null;
}

/**
 * Sets of paths that waits compare, by event name, as far as this process knows them. They are never removed. The
 * sender of an event states how many it knew, and the server refuses the event if there are more.
 */
export class Shapes {
  readonly #known = new Map<string, readonly string[]>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #read: (name: string) => Promise<readonly string[]>;

  constructor(read: (name: string) => Promise<readonly string[]>) {
    this.#read = read;
  }

  /** Null: unknown here, or too many to look up by hash. */
  of(name: string): readonly string[] | null {
    const shapes = this.#known.get(name);
    return shapes === undefined || shapes.length >= defaults.matchShapesMax ? null : shapes;
  }

  /** Resolves when the shapes of a name are known here, or one attempt to read them has failed. */
  async whenKnown(name: string): Promise<void> {
    if (this.#asking.has(name) || !this.#known.has(name)) await this.ask(name);
  }

  /** Reads the shapes again after `first`, which adds one or may add one. */
  ask(name: string, first: Promise<unknown> = Promise.resolve()): Promise<void> {
    const asked = this.#asking.get(name);
    if (asked !== undefined) return asked;
    const asking = first
      .then(() => this.#read(name))
      .then((shapes) => void this.#known.set(name, shapes))
      // Until then, transitions that need it use the shared code.
      .catch(() => undefined)
      .finally(() => this.#asking.delete(name));
    this.#asking.set(name, asking);
    return asking;
  }

  /** Resolves when the hashes of these waits can be computed; null: now. */
  pendingOf(waits: readonly WaitOpening[]): Promise<void> | null {
    for (const { kind, name = "", match = {} } of waits) {
      if (kind !== "event" || Object.keys(match).length === 0) continue;
      const asking = this.#asking.get(name);
      if (asking !== undefined) return asking;
      if (!this.#known.has(name)) return this.ask(name);
    }
    return null;
  }

  /** The hash under which a wait is stored. Null: its paths are new, so it needs the shared code. */
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
