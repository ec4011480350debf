/**
 * Runs one transfer after the other.
 *
 * Guarantee: jobs run in the order of the calls and never interleave; a failing job does not affect the
 * others; after `close` no job is accepted, and accepted jobs have settled when it resolves.
 */
export class TransferQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws the error of the job, as a rejection */
  run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the queue is closed"));
    const result = this.#tail.then(job);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }
}
