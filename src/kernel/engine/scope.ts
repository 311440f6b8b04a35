/**
 * A branch of a run's code: the whole, one branch of a `race`, or one item of a `map`. Keys inside it include its path,
 * so that branches can use the same names. The promises of a closed scope never settle.
 */
export class Scope {
  readonly path: string;
  readonly #parent: Scope | null;
  #occurrences: Map<string, number> | null = null;
  /** Keys of the whole run: a step named `a/b` must not clash with step `b` of a branch `a`. */
  readonly #taken: Set<string>;
  #isClosed = false;

  constructor(path: string, parent: Scope | null) {
    this.path = path;
    this.#parent = parent;
    this.#taken = parent === null ? new Set() : parent.#taken;
  }

  /** The key of the next operation of this name: the name itself, numbered from the second one on. */
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

  /** How many times this name has been requested here, including now. For values that are derived, not recorded. */
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
