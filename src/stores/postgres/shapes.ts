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
  readonly #asking = new Set<string>();
  readonly #read: (name: string) => Promise<readonly string[]>;

  constructor(read: (name: string) => Promise<readonly string[]>) {
    this.#read = read;
  }

  /** Null: not known here, or too many to look up by hash. Then it is asked for, and the next one finds it. */
  of(name: string): readonly string[] | null {
    const shapes = this.#known.get(name);
    if (shapes === undefined) this.ask(name);
    return shapes === undefined || shapes.length >= defaults.matchShapesMax ? null : shapes;
  }

  /** Again: somebody has added one. */
  ask(name: string): void {
    if (this.#asking.has(name)) return;
    this.#asking.add(name);
    this.#read(name)
      .then((shapes) => this.#known.set(name, shapes))
      // Whoever needs it goes the longer way meanwhile.
      .catch(() => undefined)
      .finally(() => this.#asking.delete(name));
  }

  /** The hash that a wait lies under; null: its paths are new, which takes the shared code. */
  hashOfWait({ name = "", match = {} }: WaitOpening): number | null {
    const paths = Object.keys(match).sort();
    if (paths.length === 0) return anyHash;
    const text = paths.join("\n");
    if (this.of(name)?.includes(text) === true) return hashOf(paths, match);
    // After it has been added by the longer way.
    if (this.#known.has(name)) this.ask(name);
    return null;
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
