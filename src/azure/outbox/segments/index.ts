/** The position of each message on the disk, by key. */

export interface Segment {
  readonly name: string;
  /** Valid bytes; after them may be the rest of a failed write. */
  size: number;
  /** Waiting messages in it. */
  live: number;
}

export interface Position {
  readonly key: number;
  readonly segment: Segment;
  readonly at: number;
  readonly length: number;
}

export class SegmentIndex {
  #positions: Position[] = [];

  get size(): number {
    return this.#positions.length;
  }

  *keys(): Iterable<number> {
    for (const { key } of this.#positions) yield key;
  }

  put(position: Position): void {
    const at = this.#find(position.key);
    const old = this.#positions[at];
    if (old?.key === position.key) {
      old.segment.live -= 1;
      this.#positions[at] = position;
    } else if (at === this.#positions.length) this.#positions.push(position);
    else this.#positions.splice(at, 0, position);
    position.segment.live += 1;
  }

  remove(from: number, through: number): void {
    const start = this.#find(from);
    for (const { segment } of this.#positions.splice(start, this.#find(through + 1) - start))
      segment.live -= 1;
  }

  from(key: number, limit: number): Position[] {
    const start = this.#find(key);
    return this.#positions.slice(start, start + limit);
  }

  /** Index of the first position whose key is at least this one. */
  #find(key: number): number {
    let [low, high] = [0, this.#positions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#positions[middle]?.key ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
