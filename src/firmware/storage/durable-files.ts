/**
 * The file operations that store durable state, as a port, so that a test can cut the power between any two.
 *
 * Guarantee: when `writeDurably` resolves, the bytes are on the disk; when `syncFolder` resolves, the names
 * are. No operation waits for a FIFO or reads a file without a size limit, whatever has replaced our file.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { errnoOf } from "../../base/errors.ts";
import { linkOver, renameOver, syncFolder, writeFresh } from "../../base/files/atomic-file.ts";
import { boundKeptAside, setAside } from "../../base/files/kept-aside.ts";

export interface DurableFiles {
  /** `undefined` when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Replaces the content of `path`, and waits for the disk. */
  writeDurably(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /**
   * Makes `to` a second name (hard link) of the file `from`, and replaces any `to`. Rejects when `from` is
   * missing.
   */
  link(from: string, to: string): Promise<void>;
  /** Moves what is at `path` to `to`; the number and size of the files kept in this way are limited. */
  setAside(path: string, to: string): Promise<void>;
  /** Deletes the oldest files set aside for `path` until they are within their limits. Never rejects. */
  boundKeptAside(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

/** This firmware writes no larger file. */
const maxFileBytes = 1 << 20;

export const durableSystemFiles: DurableFiles = {
  async read(path) {
    let file: FileHandle | undefined;
    try {
      // O_NONBLOCK: opening a FIFO does not wait for a writer (open(2)).
      file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      return await readBounded(file);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    } finally {
      await file?.close();
    }
  },
  writeDurably: writeFresh,
  rename: renameOver,
  link: linkOver,
  setAside,
  boundKeptAside,
  syncFolder,
};

/** Counts the bytes read and does not trust the size: files in /proc have size 0. */
async function readBounded(file: FileHandle): Promise<string> {
  const stats = await file.stat();
  if (stats.isDirectory()) throw failure("EISDIR", "it is a folder");
  if (!stats.isFile()) throw failure("EINVAL", "it is not a regular file");
  if (stats.size > maxFileBytes) throw tooLarge(stats.size);
  const parts: Buffer[] = [];
  for (let length = 0; ; ) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(64 * 1024), position: length });
    if (bytesRead === 0) return Buffer.concat(parts).toString("utf8");
    parts.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > maxFileBytes) throw tooLarge(length);
  }
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const tooLarge = (bytes: number): Error =>
  failure("EFBIG", `it has ${bytes} bytes; the limit is ${maxFileBytes}`);

/** Files in memory, for the simulator and for tests. */
export function memoryFiles(content = new Map<string, string>()): DurableFiles {
  return {
    read: async (path) => content.get(path),
    async writeDurably(path, text) {
      content.set(path, text);
    },
    async rename(from, to) {
      const text = content.get(from);
      if (text === undefined) throw failure("ENOENT", `no file ${from}`);
      content.set(to, text);
      content.delete(from);
    },
    async link(from, to) {
      const text = content.get(from);
      if (text === undefined) throw failure("ENOENT", `no file ${from}`);
      content.set(to, text);
    },
    async setAside(path, to) {
      const text = content.get(path);
      if (text === undefined) throw failure("ENOENT", `no file ${path}`);
      content.set(to, text);
      content.delete(path);
    },
    async boundKeptAside() {},
    async syncFolder() {},
  };
}
