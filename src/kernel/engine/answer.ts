/**
 * The promise of an operation. It knows whether the code has ever asked for its result: `await`, `then`, `catch` and
 * the methods of `Promise` all call its `then`, because it is not a plain promise. Derived promises are plain ones.
 */
export class Answer<T> extends Promise<T> {
  #isHeard = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  get isHeard(): boolean {
    return this.#isHeard;
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise has one
  override then<R = T, E = never>(
    onResult?: ((value: T) => R | PromiseLike<R>) | null,
    onError?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    this.#isHeard = true;
    return super.then(onResult, onError);
  }

  /** The code may await it later: until then its failure must not count as an unhandled rejection of the process. */
  keepQuiet(): void {
    super.then(undefined, () => {});
  }
}
