/**
 * Runs a task repeatedly with the newest data: for what is written, sent or drawn more slowly than it changes.
 *
 * Guarantee: two runs never overlap. After each `wake` a run begins, in the same turn of the event loop or after the
 * current run, however that ended; calls before it begins are combined into it.
 */
export class LatestWins {
  readonly #run: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** @param run reads the newest data when it begins; may reject only if all callers of `wake` handle that */
  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  /** A run is in progress or scheduled. */
  get busy(): boolean {
    return this.#running !== undefined || this.#next !== undefined;
  }

  /** Call this when there is new data. Settles with the run that handles it. */
  wake(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    const before = this.#running ?? Promise.resolve();
    const run = before
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = run;
        return this.#run();
      });
    this.#next = run;
    const over = (): void => {
      if (this.#running === run) this.#running = undefined;
    };
    run.then(over, over);
    return run;
  }

  /** Resolves when no run is in progress or scheduled. */
  async settled(): Promise<void> {
    while (this.busy) await (this.#next ?? this.#running)?.catch(() => undefined);
  }
}
