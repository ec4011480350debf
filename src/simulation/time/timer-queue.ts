/**
 * Timers in the order of their due times: a binary heap.
 *
 * Guarantee: timers with the same time fire in the order in which they were set, as on a real clock; add and take are
 * O(log n), cancel is O(1), and cancelled timers never exceed the live ones for long.
 */
export interface Timer {
  readonly at: number;
  readonly order: number;
  /** `undefined` once cancelled or taken. */
  fire: (() => void) | undefined;
}

export class TimerQueue {
  #heap: Timer[] = [];
  #order = 0;
  #cancelled = 0;

  /** Live timers. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Time of the next live timer. */
  get nextAt(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at;
  }

  /** @returns cancels the timer; no effect once it was taken */
  add(at: number, fire: () => void): () => void {
    const timer: Timer = { at, order: this.#order++, fire };
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return () => {
      if (timer.fire === undefined) return;
      timer.fire = undefined;
      this.#cancelled++;
      if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#rebuild();
    };
  }

  /** Removes the next live timer and returns its callback. */
  take(): (() => void) | undefined {
    this.#dropCancelled();
    const timer = this.#pop();
    const fire = timer?.fire;
    if (timer !== undefined) timer.fire = undefined;
    return fire;
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]?.fire === undefined) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #rebuild(): void {
    const live = this.#heap.filter((timer) => timer.fire !== undefined);
    // A sorted array is a heap.
    this.#heap = live.sort((a, b) => (before(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #pop(): Timer | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#heap[0] = last;
    this.#sink(0);
    return first;
  }

  #rise(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfBefore(child, parent)) return;
      child = parent;
    }
  }

  #sink(from: number): void {
    for (let parent = from; ; ) {
      const left = 2 * parent + 1;
      const leftTimer = this.#heap[left];
      const rightTimer = this.#heap[left + 1];
      if (leftTimer === undefined) return;
      const child = rightTimer !== undefined && before(rightTimer, leftTimer) ? left + 1 : left;
      if (!this.#swapIfBefore(child, parent)) return;
      parent = child;
    }
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const lower = this.#heap[child];
    const upper = this.#heap[parent];
    if (lower === undefined || upper === undefined || !before(lower, upper)) return false;
    this.#heap[child] = upper;
    this.#heap[parent] = lower;
    return true;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
