/**
 * A disk that loses power: a real small file system of two layers, what is cached and what is on the platter.
 *
 * A cut drops all that was not synced. A rename without a synced folder may or may not have happened, so a test
 * looks at both outcomes.
 */
import type { DurableFiles } from "../../../src/firmware/storage/durable-files.ts";

interface Inode {
  cached: string;
  synced: string;
}

export class FailingDisk {
  /** Operations until the power goes; each step of each call counts. */
  operationsLeft = Number.POSITIVE_INFINITY;
  operations = 0;
  /** Every write fails with this errno until it is cleared. */
  fault: string | undefined;
  #cachedNames = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();

  readonly files: DurableFiles = {
    read: async (path) => this.#cachedNames.get(path)?.cached,
    writeDurably: async (path, text) => {
      this.#operate();
      const inode: Inode = this.#cachedNames.get(path) ?? { cached: "", synced: "" };
      inode.cached = "";
      this.#cachedNames.set(path, inode);
      this.#operate();
      inode.cached = text.slice(0, text.length / 2);
      this.#operate();
      inode.cached = text;
      this.#operate();
      inode.synced = text;
    },
    rename: async (from, to) => {
      this.#operate();
      const inode = this.#cachedNames.get(from);
      if (inode === undefined) throw Object.assign(new Error(`no ${from}`), { code: "ENOENT" });
      this.#cachedNames.delete(from);
      this.#cachedNames.set(to, inode);
    },
    link: async (from, to) => {
      this.#operate();
      const inode = this.#cachedNames.get(from);
      if (inode === undefined) throw Object.assign(new Error(`no ${from}`), { code: "ENOENT" });
      this.#cachedNames.set(to, inode);
    },
    setAside: async (path, to) => {
      await this.files.rename(path, to);
    },
    boundKeptAside: async () => {},
    syncFolder: async () => {
      this.#operate();
      this.#syncedNames = new Map(this.#cachedNames);
    },
  };

  /** The disk as found after the cut: `namesKept` says whether renames that were not synced happened. */
  afterCut(namesKept: boolean): FailingDisk {
    const disk = new FailingDisk();
    for (const [path, inode] of namesKept ? this.#cachedNames : this.#syncedNames) {
      const found = { cached: inode.synced, synced: inode.synced };
      disk.#cachedNames.set(path, found);
      disk.#syncedNames.set(path, found);
    }
    return disk;
  }

  put(path: string, text: string): void {
    const inode = { cached: text, synced: text };
    this.#cachedNames.set(path, inode);
    this.#syncedNames.set(path, inode);
  }

  names(): string[] {
    return [...this.#cachedNames.keys()];
  }

  #operate(): void {
    if (this.fault !== undefined) throw Object.assign(new Error(this.fault), { code: this.fault });
    if (this.operationsLeft <= 0) throw Object.assign(new Error("the power is gone"), { code: "EIO" });
    this.operationsLeft -= 1;
    this.operations += 1;
  }
}
