/** A disk of the history in memory, and rows to put on it. */
import type { FolderDisk } from "../../../src/base/files/folder-disk.ts";
import { type HistoryPart, readHistoryOn } from "../../../src/firmware/history/read.ts";
import type { HistoryRow } from "../../../src/firmware/history/row.ts";
import type { HistoryEnd } from "../../../src/firmware/history/store.ts";

/** Real bytes in memory, with the wear counted: of a write, each block of 4 KB that it touches. */
export class MemoryDisk implements FolderDisk {
  readonly files = new Map<string, Buffer>();
  /** An error of the system with this code, until it is cleared. */
  fault: string | undefined;
  /** Hangs until it is cleared. */
  hangs: Promise<void> | undefined;
  writes = 0;
  syncs = 0;
  written = 0;
  blocks = 0;

  get bytes(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }

  async list() {
    return [...this.files].map(([name, { length }]) => ({ name, size: length }));
  }

  async read(name: string, at: number, length: number): Promise<Buffer> {
    return Buffer.from(this.#file(name).subarray(at, at + length));
  }

  async write(name: string, at: number, bytes: Buffer): Promise<void> {
    await this.hangs;
    if (this.fault === "EROFS") this.#fail();
    const before = this.files.get(name) ?? Buffer.alloc(0);
    // A full disk takes a part of it.
    const some = this.fault === undefined ? bytes : bytes.subarray(0, bytes.length / 2);
    const gap = Buffer.alloc(Math.max(0, at - before.length));
    this.files.set(
      name,
      Buffer.concat([before.subarray(0, at), gap, some, before.subarray(at + some.length)]),
    );
    this.writes += 1;
    this.written += some.length;
    this.blocks += Math.floor((at + some.length - 1) / 4096) - Math.floor(at / 4096) + 1;
    this.#fail();
  }

  async truncate(name: string, length: number): Promise<void> {
    this.#fail();
    this.files.set(name, this.#file(name).subarray(0, length));
  }

  async sync(name: string): Promise<void> {
    this.#file(name);
    this.syncs += 1;
  }

  async syncFolder(): Promise<void> {
    this.syncs += 1;
  }

  async remove(name: string): Promise<void> {
    if (this.fault === "EROFS") this.#fail();
    this.files.delete(name);
  }

  #file(name: string): Buffer {
    const file = this.files.get(name);
    if (file === undefined) throw Object.assign(new Error(`no file ${name}`), { code: "ENOENT" });
    return file;
  }

  #fail(): void {
    if (this.fault !== undefined) throw Object.assign(new Error(this.fault), { code: this.fault });
  }
}

export const noon = Date.UTC(2026, 11, 24, 12);
export const minuteMs = 60_000;

/** The minute with this number since noon; its set-point is its number too. */
export const rowAt = (number: number, more: Partial<HistoryRow> = {}): HistoryRow => ({
  atMs: noon + number * minuteMs,
  clockTrusted: true,
  seconds: 60,
  temperature: 19.5,
  humidity: 45,
  setPoint: number,
  demand: 40,
  heaterSeconds: 24,
  mode: "auto",
  faults: [],
  ...more,
});

export const rowsAt = (from: number, through: number): HistoryRow[] =>
  Array.from({ length: through - from + 1 }, (_, at) => rowAt(from + at));

export async function readAll(disk: FolderDisk, end?: HistoryEnd, sinceMs?: number) {
  const parts: HistoryPart[] = [];
  for await (const part of readHistoryOn(disk, { end, sinceMs })) parts.push(part);
  return {
    rows: parts.flatMap(({ rows }) => rows),
    damaged: parts.reduce((sum, { damaged }) => sum + damaged, 0),
    unreadable: parts.filter(({ unreadable }) => unreadable).length,
  };
}
