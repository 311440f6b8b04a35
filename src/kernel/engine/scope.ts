/** A stopped branch. Recorded with the undos of its steps, because a resume may continue it. */
export interface Stop {
  readonly branch: string;
  readonly at: number;
}

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
  #isEnded = false;
  #stop: Stop | null = null;

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

  /** `at`: the place in the run's order at which it was stopped. */
  close(at: number): void {
    this.#isClosed = true;
    this.#stop ??= { branch: this.path, at };
  }

  /** The innermost stopped branch around it, and the place in the run's order at which that was stopped. */
  get stop(): Stop | null {
    return this.#stop ?? this.#parent?.stop ?? null;
  }

  /** Its code has returned: what it registered for a stop no longer applies. */
  end(): void {
    this.#isEnded = true;
  }

  /** How the code of this branch was left, as decided by the innermost scope that has been left. */
  get fate(): "open" | "ended" | "stopped" {
    if (this.#isClosed) return "stopped";
    if (this.#isEnded) return "ended";
    return this.#parent?.fate ?? "open";
  }

  get isClosed(): boolean {
    return this.#isClosed || (this.#parent?.isClosed ?? false);
  }
}
