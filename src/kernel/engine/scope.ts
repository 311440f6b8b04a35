/**
 * A branch of a run's code: the whole, one branch of a `race`, one item of a `map`. Keys inside it carry its path, so
 * that branches may use the same names. A closed scope's promises never settle any more.
 */
export class Scope {
  readonly path: string;
  readonly #parent: Scope | null;
  #occurrences: Map<string, number> | null = null;
  /** Keys of the whole run: a step named `a/b` must not meet step `b` of a branch `a`. */
  readonly #taken: Set<string>;
  #isClosed = false;

  constructor(path: string, parent: Scope | null) {
    this.path = path;
    this.#parent = parent;
    this.#taken = parent === null ? new Set() : parent.#taken;
  }

  /** The key of the next ask of this name: the name itself, and numbered from the second time on. */
  keyFor(name: string): string {
    for (;;) {
      const count = this.count(name);
      const local = count === 1 ? name : `${name}#${count}`;
      const key = this.path === "" ? local : `${this.path}/${local}`;
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      return key;
    }
  }

  /** The how-manieth time this is asked for here: for values that are derived instead of recorded. */
  count(name: string): number {
    this.#occurrences ??= new Map();
    const count = (this.#occurrences.get(name) ?? 0) + 1;
    this.#occurrences.set(name, count);
    return count;
  }

  /** A scope inside this one; `key` is already unique. */
  inside(key: string): Scope {
    return new Scope(key, this);
  }

  close(): void {
    this.#isClosed = true;
  }

  get isClosed(): boolean {
    return this.#isClosed || (this.#parent?.isClosed ?? false);
  }
}
