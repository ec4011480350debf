/** A set of keys, stored as ranges; few, since a queue removes keys from the front. */
export interface KeyRange {
  readonly from: number;
  readonly through: number;
}

export class KeyRanges {
  /** Sorted, with gaps between them. */
  #ranges: KeyRange[] = [];

  add({ from, through }: KeyRange): void {
    if (through < from) return;
    const before = this.#ranges.filter((range) => range.through < from - 1);
    const after = this.#ranges.filter((range) => range.from > through + 1);
    const merged = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const start = Math.min(from, merged[0]?.from ?? from);
    const end = Math.max(through, merged.at(-1)?.through ?? through);
    this.#ranges = [...before, { from: start, through: end }, ...after];
  }

  /** The last key of the range that begins at 1; 0 without one. */
  get prefix(): number {
    const [first] = this.#ranges;
    return first !== undefined && first.from <= 1 ? first.through : 0;
  }

  /** The keys from 1 to `last` that are neither in the set nor in `keys`. @param keys sorted */
  missing(keys: Iterable<number>, last: number): KeyRange[] {
    const found: KeyRange[] = [];
    let next = 1;
    const ranges = [...this.#ranges, { from: last + 1, through: last + 1 }];
    const skip = ({ from, through }: KeyRange): void => {
      if (from > next) found.push({ from: next, through: from - 1 });
      next = Math.max(next, through + 1);
    };
    for (const key of keys) {
      while (ranges[0] !== undefined && ranges[0].from < key) skip(ranges.shift() as KeyRange);
      skip({ from: key, through: key });
    }
    for (const range of ranges) skip(range);
    return found;
  }
}
