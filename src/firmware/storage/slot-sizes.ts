/**
 * Sizes of the installed images in the data folder, each counted once: an image has thousands of files.
 *
 * Guarantee: a slot is counted again after every installation into it. An installation first removes the slot's header file, and
 * writes a new one at its end (update/slots/slot-store.ts); a slot without that file is counted each time.
 */
import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { slotsFolder } from "../update/places.ts";

export class SlotSizes {
  readonly #folder: string;
  readonly #known = new Map<string, { readonly mark: string; readonly bytes: number }>();

  constructor(dataPath: string) {
    this.#folder = slotsFolder(dataPath);
  }

  /** Bytes below a slot's folder; `count` is called if they are unknown. `undefined`: not a slot. */
  async of(path: string, count: (folder: string) => Promise<number>): Promise<number | undefined> {
    if (dirname(path) !== this.#folder) return undefined;
    const mark = await markOf(path);
    const known = this.#known.get(path);
    if (known !== undefined && known.mark === mark) return known.bytes;
    const bytes = await count(path);
    // An installation may have begun meanwhile.
    if (mark !== undefined && mark === (await markOf(path))) this.#known.set(path, { mark, bytes });
    return bytes;
  }
}

/** Identifies the slot's present header file; `undefined` if there is none. */
async function markOf(slot: string): Promise<string | undefined> {
  try {
    const { ino, size, ctimeNs } = await lstat(`${slot}.image`, { bigint: true });
    return `${ino} ${size} ${ctimeNs}`;
  } catch {
    return undefined;
  }
}
