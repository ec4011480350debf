/** Where each message lies, in the order of the keys: what is held in memory of messages that wait on the disk. */

export interface Segment {
  readonly name: string;
  /** Bytes that count; what may lie behind them is the rest of a write that failed. */
  size: number;
  /** Messages in it that still wait. */
  live: number;
}

export interface Place {
  readonly key: number;
  readonly segment: Segment;
  readonly at: number;
  readonly length: number;
}

export class SegmentIndex {
  #places: Place[] = [];

  get size(): number {
    return this.#places.length;
  }

  *keys(): Iterable<number> {
    for (const { key } of this.#places) yield key;
  }

  put(place: Place): void {
    const at = this.#find(place.key);
    const old = this.#places[at];
    if (old?.key === place.key) {
      old.segment.live -= 1;
      this.#places[at] = place;
    } else if (at === this.#places.length) this.#places.push(place);
    else this.#places.splice(at, 0, place);
    place.segment.live += 1;
  }

  remove(from: number, through: number): void {
    const start = this.#find(from);
    for (const { segment } of this.#places.splice(start, this.#find(through + 1) - start)) segment.live -= 1;
  }

  from(key: number, limit: number): Place[] {
    const start = this.#find(key);
    return this.#places.slice(start, start + limit);
  }

  /** The first whose key is not below. */
  #find(key: number): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle]?.key ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
