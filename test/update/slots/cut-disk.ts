/**
 * A disk in memory that loses its power at a given operation, and keeps only what was synchronized before.
 *
 * After a cut it is what a card may hold: contents that were not synchronized are gone or torn, and names that were not
 * are those of before, or (mode "names-kept") already the new ones. A cut during `syncAll` leaves every other file of that
 * folder synchronized.
 */
import { dirname } from "node:path";
import type { NewFile } from "../../../src/base/files/atomic-file.ts";
import type { SlotFiles } from "../../../src/update/slots/slot-files.ts";

interface Inode {
  content: Buffer;
  synced: Buffer;
  readonly executable: boolean;
}

export class PowerCut extends Error {}

export type CutMode = "names-lost" | "names-kept";

export class CutDisk {
  #live = new Map<string, Inode>();
  #folders = new Set<string>(["/"]);
  /** Names as a start after a cut finds them. */
  #onDisk = new Map<string, Inode>();
  operations = 0;
  cutAt = Number.POSITIVE_INFINITY;

  readonly files: SlotFiles = {
    read: (path) => this.#live.get(path)?.content,
    chunks: (path) => this.#chunks(path),
    create: async (path, executable) => {
      this.#operation();
      if (this.#live.has(path)) throw errno("EEXIST", path);
      if (!this.#folders.has(dirname(path))) throw errno("ENOENT", path);
      const inode: Inode = { content: Buffer.alloc(0), synced: Buffer.alloc(0), executable };
      this.#live.set(path, inode);
      return this.#writer(inode);
    },
    makeFolder: async (path) => {
      this.#operation();
      for (let folder = path; folder !== "/"; folder = dirname(folder)) this.#folders.add(folder);
    },
    remove: async (path) => {
      this.#operation();
      for (const name of [...this.#live.keys()]) {
        if (name === path || name.startsWith(`${path}/`)) this.#live.delete(name);
      }
      for (const folder of [...this.#folders]) {
        if (folder === path || folder.startsWith(`${path}/`)) this.#folders.delete(folder);
      }
    },
    rename: async (from, to) => {
      this.#operation();
      const inode = this.#live.get(from);
      if (inode === undefined) throw errno("ENOENT", from);
      this.#live.delete(from);
      this.#live.set(to, inode);
    },
    turn: async () => {},
    // One process at a time uses this disk.
    lock: async () => () => {},
    syncFolder: async (path) => {
      this.#operation();
      for (const name of this.#onDisk.keys()) {
        if (dirname(name) === path && !this.#live.has(name)) this.#onDisk.delete(name);
      }
      for (const [name, inode] of this.#live) if (dirname(name) === path) this.#onDisk.set(name, inode);
    },
    syncAll: async (folder) => {
      const below = [...this.#live].filter(([name]) => name.startsWith(`${folder}/`));
      const isCut = this.operations >= this.cutAt;
      for (const [at, [name, inode]] of below.entries()) {
        if (isCut && at % 2 === 0) continue;
        inode.synced = inode.content;
        this.#onDisk.set(name, inode);
      }
      this.#operation();
      for (const name of this.#onDisk.keys()) {
        if (name.startsWith(`${folder}/`) && !this.#live.has(name)) this.#onDisk.delete(name);
      }
    },
  };

  /** Continues a file at `from`, as base/files/atomic-file.ts does. */
  async continue(path: string, from: number): Promise<NewFile> {
    this.#operation();
    const inode = this.#live.get(path);
    if (inode === undefined) throw errno("ENOENT", path);
    inode.content = inode.content.subarray(0, from);
    return this.#writer(inode);
  }

  /** A disk with the same content on which the power has come back. */
  afterCut(mode: CutMode): CutDisk {
    const disk = new CutDisk();
    for (const [name, inode] of mode === "names-kept" ? this.#live : this.#onDisk) {
      const content = Buffer.from(inode.synced);
      const copy: Inode = { content, synced: content, executable: inode.executable };
      disk.#live.set(name, copy);
      disk.#onDisk.set(name, copy);
    }
    disk.#folders = new Set(this.#folders);
    return disk;
  }

  /** Flips a bit of a file, as a worn card does. */
  spoil(path: string): void {
    const inode = this.#live.get(path);
    if (inode === undefined || inode.content.length === 0) throw errno("ENOENT", path);
    inode.content = Buffer.from(inode.content);
    const middle = inode.content.length >> 1;
    inode.content[middle] = (inode.content[middle] ?? 0) ^ 1;
  }

  get names(): readonly string[] {
    return [...this.#live.keys()].sort();
  }

  #writer(inode: Inode): NewFile {
    return {
      write: async (chunk) => {
        this.#operation();
        inode.content = Buffer.concat([inode.content, Buffer.from(chunk)]);
      },
      finish: async () => {
        this.#operation();
        inode.synced = inode.content;
      },
      close: async () => {},
    };
  }

  async *#chunks(path: string): AsyncGenerator<Uint8Array> {
    const inode = this.#live.get(path);
    if (inode === undefined) throw errno("ENOENT", path);
    if (inode.content.length > 0) yield inode.content;
  }

  #operation(): void {
    if (this.operations++ >= this.cutAt) throw new PowerCut("the power is cut");
  }
}

const errno = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });
