/**
 * Keeps one small document on disk through power cuts.
 *
 * Guarantee: at any instant the file holds a whole document that was once offered, or does not exist; a file
 * that cannot be read is kept aside, never overwritten unseen; one write is under way at a time and the newest
 * document waits behind it; writing never blocks the caller, and a disk that hangs or is full only sets `failure`.
 *
 * Order of a write (the only order that survives a cut anywhere): new file, fsync, rename, fsync of the folder.
 */
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import type { Clock } from "../control/clock.ts";
import { seconds } from "../control/units.ts";
import type { DurableFiles } from "./durable-files.ts";

const retryAfter = seconds(10);
/** A write that takes longer counts as failed until it ends: nobody waits for a disk that may never answer. */
const patience = seconds(10);

/** What was found at start. `unreadable` names the file that was kept aside. */
export type Loaded =
  | { readonly kind: "found"; readonly document: unknown }
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly reason: string; readonly keptAs: string };

export class StateStore {
  readonly #path: string;
  readonly #files: DurableFiles;
  readonly #clock: Clock;
  #written: string | undefined;
  /** The newest document, when it is not the one on disk. */
  #offered: string | undefined;
  #writing: Promise<void> | undefined;
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

  /** Nothing waits to be written, or writing fails and waiting is no use. */
  get settled(): boolean {
    return this.#offered === undefined || this.#failure !== undefined;
  }

  /** Told each time that `settled` comes true, or stays so after one more attempt; one listener, which must not throw. */
  onSettled(listener: () => void): void {
    this.#onSettled = listener;
  }

  /** Writes since the start that reached the disk. */
  get writes(): number {
    return this.#writes;
  }

  async load(): Promise<Loaded> {
    const text = await this.#files.read(this.#path).catch((error: Error) => error);
    if (text === undefined) return { kind: "none" };
    const decoded = text instanceof Error ? { reason: text.message } : decode(text);
    if ("reason" in decoded) return await this.keepAside(decoded.reason);
    this.#written = JSON.stringify(decoded.document);
    return { kind: "found", document: decoded.document };
  }

  /** Moves the present file out of the way, for a person to look at; the name is one of its own. */
  async keepAside(reason: string): Promise<Loaded> {
    const keptAs = `${this.#path}.unreadable-${this.#clock.wallNow()}`;
    this.#written = undefined;
    await this.#files.rename(this.#path, keptAs).catch(() => undefined);
    return { kind: "unreadable", reason, keptAs };
  }

  /** Takes the newest document and begins to write it; returns at once. */
  offer(document: unknown): void {
    this.#offered = JSON.stringify(document);
    if (this.#writing === undefined) void this.flush();
  }

  /** Resolves when the newest document is on disk, or could not be written. */
  async flush(): Promise<void> {
    this.#cancelRetry();
    this.#writing ??= this.#writeAll();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // First the caller notes that this is under way: with nothing new to write, all else happens in one turn.
    await undefined;
    while (this.#offered !== undefined) {
      const text = this.#offered;
      if (text !== this.#written && !(await this.#write(text))) break;
      if (this.#offered === text) this.#offered = undefined;
    }
    // In the turn that saw nothing left: what is offered from now on begins a write of its own.
    this.#writing = undefined;
    this.#onSettled();
  }

  async #write(text: string): Promise<boolean> {
    const temporary = `${this.#path}.new`;
    const cancelPatience = this.#clock.setTimer(patience, () => {
      this.#failure = "ETIMEDOUT";
      this.#onSettled();
    });
    try {
      await this.#files.writeDurably(temporary, encode(text));
      await this.#files.rename(temporary, this.#path);
      await this.#files.syncFolder(dirname(this.#path));
    } catch (error) {
      this.#failure = (error as NodeJS.ErrnoException).code ?? String(error);
      this.#cancelRetry = this.#clock.setTimer(retryAfter, () => void this.flush());
      return false;
    } finally {
      cancelPatience();
    }
    this.#written = text;
    this.#writes += 1;
    this.#failure = undefined;
    return true;
  }
}

/** One line with the checksum, one with the document. */
export function encode(text: string): string {
  return `grove-heater state 1 crc32 ${checksum(text)}\n${text}\n`;
}

export function decode(file: string): { readonly document: unknown } | { readonly reason: string } {
  const end = file.indexOf("\n");
  const header = /^grove-heater state 1 crc32 ([0-9a-f]{8})$/.exec(file.slice(0, Math.max(0, end)));
  if (header === null) return { reason: "its first line is not that of a state file" };
  const text = file.slice(end + 1).replace(/\n$/, "");
  if (checksum(text) !== header[1]) return { reason: "its checksum does not match" };
  try {
    return { document: JSON.parse(text) };
  } catch {
    return { reason: "it is not JSON" };
  }
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");
