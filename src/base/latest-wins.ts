/**
 * One run under way, and the newest waits: for what is written, sent or drawn more slowly than it changes.
 *
 * Guarantee: two runs never overlap. After each call of `wake` one begins, in the same turn of the event loop or, when
 * one is under way, after that one, however it ended; the calls made until it begins are served by it alone.
 */
export class LatestWins {
  readonly #run: () => Promise<void>;
  #underWay: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** @param run takes what is the newest when it begins; it may reject only where every caller of `wake` listens */
  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  /** A run is under way, or about to begin. */
  get busy(): boolean {
    return this.#underWay !== undefined || this.#next !== undefined;
  }

  /** There is something new. Settles as the run does that takes it along. */
  wake(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    const before = this.#underWay ?? Promise.resolve();
    const run = before
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#underWay = run;
        return this.#run();
      });
    this.#next = run;
    const over = (): void => {
      if (this.#underWay === run) this.#underWay = undefined;
    };
    run.then(over, over);
    return run;
  }

  /** Resolves when none is under way any more. */
  async settled(): Promise<void> {
    while (this.busy) await (this.#next ?? this.#underWay)?.catch(() => undefined);
  }
}
