/**
 * Compares the size of everything in the data folder with the manifest's grant.
 *
 * Guarantee: `reserve` refuses (EPERM, with the line to add) a write that would exceed the grant. For a
 * minute after a full count it does not read the disk: it only adds what this process writes. A file that
 * replaces another counts twice then, so the sum may be too large, but not too small; therefore the folder is
 * counted again before any refusal. What other processes write is noticed within a minute. An installed image is counted
 * once (slot-sizes.ts).
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { type Millis, minutes } from "../../base/units.ts";
import { checkStorage } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { SlotSizes } from "./slot-sizes.ts";

const countInterval: Millis = minutes(1);

export interface StorageMeterOptions {
  readonly folder: string;
  readonly manifest: Pick<Manifest, "storageKb">;
  readonly clock: Pick<Clock, "now">;
  /** For tests: bytes below a folder. */
  readonly count?: typeof bytesBelow;
}

export class StorageMeter {
  readonly #options: StorageMeterOptions;
  readonly #slots: SlotSizes;
  #bytes = 0;
  #countedAt: number | undefined;
  #counting: Promise<void> | undefined;

  constructor(options: StorageMeterOptions) {
    this.#options = options;
    this.#slots = new SlotSizes(options.folder);
  }

  /** Call it before each write. @throws CapabilityError when that many more bytes would exceed the grant */
  async reserve(bytes: number): Promise<void> {
    const { clock } = this.#options;
    if (this.#countedAt === undefined || clock.now() - this.#countedAt >= countInterval) await this.#count();
    if (this.#refusal(bytes)) await this.#count();
    const refused = this.#refusal(bytes);
    if (refused) throw refused;
    this.#bytes += bytes;
  }

  #refusal(bytes: number) {
    return checkStorage(this.#options.manifest, this.#bytes + bytes);
  }

  /** Concurrent callers share one count. */
  #count(): Promise<void> {
    this.#counting ??= this.#countFolder().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #countFolder(): Promise<void> {
    const { folder, clock, count = bytesBelow } = this.#options;
    this.#bytes = await count(folder, this.#slots);
    this.#countedAt = clock.now();
  }
}

/**
 * Size of all files below a folder; links are not followed. What cannot be read counts as 0; never rejects.
 * @param slots what is known of the slots below it; without it everything is counted
 */
export async function bytesBelow(folder: string, slots?: SlotSizes): Promise<number> {
  let sum = 0;
  // One folder at a time: thousands of requests at once would delay every other use of the disk.
  for (const folders = [folder]; ; ) {
    const path = folders.pop();
    if (path === undefined) return sum;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) {
        const known = await slots?.of(below, bytesBelow);
        if (known === undefined) folders.push(below);
        else sum += known;
      } else if (entry.isFile()) {
        // A file may be renamed between readdir and lstat.
        sum += (await lstat(below).catch(() => undefined))?.size ?? 0;
      }
    }
  }
}
