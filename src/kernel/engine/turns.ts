/** Work that may run together with other work, and work that runs alone: nothing else runs meanwhile. */
export class Turns {
  #togetherCount = 0;
  #alone: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  async together<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== null) await this.#alone;
    this.#togetherCount += 1;
    try {
      return await work();
    } finally {
      this.#togetherCount -= 1;
      if (this.#togetherCount === 0) this.#onEmpty?.();
    }
  }

  /** Work that arrives later waits, so that this work is not postponed for ever. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== null) await this.#alone;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#alone = promise;
    try {
      if (this.#togetherCount > 0)
        await new Promise<void>((done) => {
          this.#onEmpty = done;
        });
      return await work();
    } finally {
      this.#onEmpty = null;
      this.#alone = null;
      resolve();
    }
  }
}
