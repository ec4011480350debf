/**
 * Keeps one small document on disk through power cuts.
 *
 * Guarantee: at any instant the file holds a whole document that was once offered, or does not exist; a file
 * that cannot be read is kept aside, never overwritten unseen; a change is written once, when it has settled;
 * writing never blocks the caller, and a disk that hangs or is full only sets `failing`.
 *
 * Order of a write (the only order that survives a cut anywhere): new file, fsync, rename, fsync of the folder.
 */
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import type { Clock } from "../control/clock.ts";
import { type Millis, millis, seconds } from "../control/units.ts";
import type { DurableFiles } from "./durable-files.ts";

/** A change settles when nothing else changed for this long… */
const settleAfter = seconds(1);
/** …but a run of changes is not kept waiting longer than this. */
const settleAtMost = seconds(5);
const retryAfter = seconds(10);

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
  #offered: string | undefined;
  #changedAt: Millis | undefined;
  #cancelTimer: (() => void) | undefined;
  #dueAt: Millis | undefined;
  #writing: Promise<void> | undefined;
  #failure: string | undefined;
  #writes = 0;

  constructor(path: string, files: DurableFiles, clock: Clock) {
    this.#path = path;
    this.#files = files;
    this.#clock = clock;
  }

  /** Why the last write failed, until one succeeds. */
  get failure(): string | undefined {
    return this.#failure;
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

  /** Takes the newest document; returns at once. */
  offer(document: unknown): void {
    const text = JSON.stringify(document);
    if (text === (this.#offered ?? this.#written)) return;
    this.#offered = text;
    const now = this.#clock.now();
    this.#changedAt ??= now;
    const due = Math.min(now + settleAfter, this.#changedAt + settleAtMost);
    this.#schedule(millis(Math.max(due, now)));
  }

  /** Writes what is offered now. Resolves when it is on disk, or has failed. */
  async flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#dueAt = undefined;
    while (this.#writing) await this.#writing;
    const text = this.#offered;
    if (text === undefined || text === this.#written) {
      this.#settle(text);
      return;
    }
    this.#writing = this.#write(text).finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  #schedule(at: Millis): void {
    if (this.#dueAt === at) return;
    this.#cancelTimer?.();
    this.#dueAt = at;
    this.#cancelTimer = this.#clock.setTimer(millis(at - this.#clock.now()), () => {
      // A hung disk holds #writing; the newest document waits behind it.
      void this.flush();
    });
  }

  async #write(text: string): Promise<void> {
    const temporary = `${this.#path}.new`;
    try {
      await this.#files.writeDurably(temporary, encode(text));
      await this.#files.rename(temporary, this.#path);
      await this.#files.syncFolder(dirname(this.#path));
      this.#written = text;
      this.#writes += 1;
      this.#failure = undefined;
      this.#settle(text);
    } catch (error) {
      this.#failure = (error as NodeJS.ErrnoException).code ?? String(error);
      this.#schedule(millis(this.#clock.now() + retryAfter));
    }
  }

  /** Nothing newer than `text` came in meanwhile: all is quiet again. */
  #settle(text: string | undefined): void {
    if (this.#offered !== text) {
      this.#changedAt = this.#clock.now();
      return;
    }
    this.#offered = undefined;
    this.#changedAt = undefined;
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
