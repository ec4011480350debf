/** The position of each message on the disk, by key. */

export interface Segment {
  readonly name: string;
  /** Valid bytes; after them may be the rest of a failed write. */
  size: number;
  /** Waiting messages in it. */
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

  /** Index of the first place with at least this key. */
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
