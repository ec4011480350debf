/**
 * Folder storage/: the data folder: durable state, settings, their last good copies, and the storage limit.
 *
 * Keeps one small document on disk; it survives power cuts and damaged files.
 *
 * Guarantee: at any instant the file holds a complete document that was once offered, or does not exist; an
 * unreadable file is set aside and not overwritten, and the previous document is returned instead; one write
 * is under way at a time and the newest document waits for it; neither reading nor writing blocks the caller
 * for ever, and a disk that hangs or is full only sets `failure`.
 *
 * Order of a write: new file, fsync, hard link for the present file, rename, fsync of the folder. A power cut
 * at any point leaves a complete file, old or new; the hard link needs no write of its own.
 */
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import { asideName } from "../../base/files/kept-aside.ts";
import { readJson } from "../../base/json/value.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import { seconds } from "../../base/units.ts";
import type { DurableFiles } from "./durable-files.ts";

const retryAfter = seconds(10);
/** A read or write that takes longer counts as failed until it ends: the disk may never answer. */
const diskTimeout = seconds(10);

/** What was found at start. */
export type Loaded =
  | { readonly kind: "found"; readonly document: unknown }
  | { readonly kind: "none" }
  | Unreadable;

export interface Unreadable {
  readonly kind: "unreadable";
  readonly reason: string;
  /** Where the file is now; `undefined` if it could not be moved. */
  readonly keptAs: string | undefined;
  /** The previous document, if that is undamaged. */
  readonly previous: { readonly document: unknown } | undefined;
}

/** The file with the previous document. */
export const previousName = (path: string): string => `${path}.previous`;

export class StateStore {
  readonly #path: string;
  readonly #files: DurableFiles;
  readonly #clock: Clock;
  #written: string | undefined;
  /** The newest document, when it is not the one on disk. */
  #offered: string | undefined;
  readonly #writer = new LatestWins(() => this.#writeNewest());
  #cancelRetry: () => void = () => {};
  #failure: string | undefined;
  #writes = 0;
  #onSettled: () => void = () => {};

  constructor(path: string, files: DurableFiles, clock: Clock) {
    this.#path = path;
    this.#files = files;
    this.#clock = clock;
  }

  /** Why the last write failed, until one succeeds. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Whether everything is written; true also when writing fails, since waiting would be of no use. */
  get settled(): boolean {
    return this.#offered === undefined || this.#failure !== undefined;
  }

  /**
   * Called when `settled` becomes true, and after each further attempt. One listener, which must not throw.
   */
  onSettled(listener: () => void): void {
    this.#onSettled = listener;
  }

  /** Writes since the start that reached the disk. */
  get writes(): number {
    return this.#writes;
  }

  async load(): Promise<Loaded> {
    await this.#inTime(this.#files.boundKeptAside(this.#path)).catch(() => undefined);
    const found = await this.#read(this.#path);
    if (found === undefined) return { kind: "none" };
    if ("reason" in found) return await this.keepAside(found.reason);
    this.#written = JSON.stringify(found.document);
    return { kind: "found", document: found.document };
  }

  /** Renames the present file, so that a person can examine it; the name is unique. */
  async keepAside(reason: string): Promise<Unreadable> {
    const name = asideName(this.#path, this.#clock.wallNow());
    this.#written = undefined;
    const keptAs = await this.#inTime(this.#files.setAside(this.#path, name)).then(
      () => name,
      () => undefined,
    );
    const previous = await this.#read(previousName(this.#path));
    return {
      kind: "unreadable",
      reason,
      keptAs,
      previous: previous !== undefined && "document" in previous ? previous : undefined,
    };
  }

  async #read(path: string): Promise<Decoded | undefined> {
    const text = await this.#inTime(this.#files.read(path)).catch((error: Error) => error);
    if (text === undefined) return undefined;
    return text instanceof Error ? { reason: text.message } : decode(text);
  }

  /** A disk that never answers must not prevent the start of the heater. */
  async #inTime<T>(action: Promise<T>): Promise<T> {
    let cancel = (): void => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.setTimer(diskTimeout, () => reject(new Error("the disk does not answer")));
    });
    return await Promise.race([action, late]).finally(() => cancel());
  }

  /** Takes the newest document and begins to write it; returns at once. */
  offer(document: unknown): void {
    this.#offered = JSON.stringify(document);
    void this.#writer.wake();
  }

  /** Resolves when the newest document is on disk, or could not be written. */
  async flush(): Promise<void> {
    await this.#writer.wake();
  }

  async #writeNewest(): Promise<void> {
    this.#cancelRetry();
    const text = this.#offered;
    const isWritten = text === undefined || text === this.#written || (await this.#write(text));
    if (isWritten && this.#offered === text) this.#offered = undefined;
    if (this.settled) this.#onSettled();
  }

  async #write(text: string): Promise<boolean> {
    const temporary = `${this.#path}.new`;
    const cancelTimeout = this.#clock.setTimer(diskTimeout, () => {
      this.#failure = "ETIMEDOUT";
      this.#onSettled();
    });
    try {
      await this.#files.writeDurably(temporary, encode(text));
      // FAT has no hard links; without the previous document, a damaged file loses the set-point and mode.
      if (this.#written !== undefined)
        await this.#files.link(this.#path, previousName(this.#path)).catch(() => undefined);
      await this.#files.rename(temporary, this.#path);
      await this.#files.syncFolder(dirname(this.#path));
    } catch (error) {
      this.#failure = reasonOf(error);
      this.#cancelRetry = this.#clock.setTimer(retryAfter, () => void this.#writer.wake());
      return false;
    } finally {
      cancelTimeout();
    }
    this.#written = text;
    this.#writes += 1;
    this.#failure = undefined;
    return true;
  }
}

/** The first line holds the checksum, the second the document. */
export function encode(text: string): string {
  return `grove-heater state 1 crc32 ${checksum(text)}\n${text}\n`;
}

export type Decoded = { readonly document: unknown } | { readonly reason: string };

export function decode(file: string): Decoded {
  const end = file.indexOf("\n");
  const header = /^grove-heater state 1 crc32 ([0-9a-f]{8})$/.exec(file.slice(0, Math.max(0, end)));
  if (header === null) return { reason: "it does not begin as a state file does" };
  const text = file.slice(end + 1).replace(/\n$/, "");
  if (checksum(text) !== header[1]) return { reason: "its checksum does not match" };
  const document = readJson(text);
  return document === undefined ? { reason: "it is not JSON" } : { document };
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");
