/**
 * How much the data folder holds, everything below it counted, against what the manifest grants.
 *
 * Guarantee: `reserve` refuses (EPERM, with the line to add) what would go beyond the grant. It costs no look at the disk
 * for a minute after a whole count: between two counts only what this process writes is added, and a file that replaces
 * another counts twice, so the sum is rather too large than too small. A refusal is never by that sum alone: the folder
 * is counted before. What other processes write is seen within a minute.
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { type Millis, minutes } from "../../base/units.ts";
import { checkStorage } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";

const countEvery: Millis = minutes(1);

export interface StorageMeterOptions {
  readonly folder: string;
  readonly manifest: Pick<Manifest, "storageKb">;
  readonly clock: Pick<Clock, "now">;
  /** For tests: bytes below a folder. */
  readonly count?: (folder: string) => Promise<number>;
}

export class StorageMeter {
  readonly #options: StorageMeterOptions;
  #bytes = 0;
  #countedAt: number | undefined;
  #counting: Promise<void> | undefined;

  constructor(options: StorageMeterOptions) {
    this.#options = options;
  }

  /** To be asked before each write. @throws CapabilityError when so many bytes more would be too many */
  async reserve(bytes: number): Promise<void> {
    const { clock } = this.#options;
    if (this.#countedAt === undefined || clock.now() - this.#countedAt >= countEvery) await this.#count();
    if (this.#refusal(bytes)) await this.#count();
    const refused = this.#refusal(bytes);
    if (refused) throw refused;
    this.#bytes += bytes;
  }

  #refusal(bytes: number) {
    return checkStorage(this.#options.manifest, this.#bytes + bytes);
  }

  /** Many that ask at once wait for one count. */
  #count(): Promise<void> {
    this.#counting ??= this.#countAnew().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #countAnew(): Promise<void> {
    const { folder, clock, count = bytesBelow } = this.#options;
    this.#bytes = await count(folder);
    this.#countedAt = clock.now();
  }
}

/** Of all files below a folder, links not followed. What cannot be looked at counts nothing; never rejects. */
export async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  // One folder after the other: thousands of looks at once would hold up every other use of the disk.
  for (const folders = [folder]; ; ) {
    const path = folders.pop();
    if (path === undefined) return sum;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory()) folders.push(join(path, entry.name));
      else if (entry.isFile()) {
        // A file may be renamed between the listing and the look.
        sum += (await lstat(join(path, entry.name)).catch(() => undefined))?.size ?? 0;
      }
    }
  }
}
