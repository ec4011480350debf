/**
 * The few file operations that durable state is made of, as a port: a test cuts the power between any two.
 *
 * Guarantee: when `writeDurably` resolves, the bytes are on the disk; when `syncFolder` resolves, the names are. None
 * waits for a FIFO or reads a file of any size, whatever stands in the place of ours.
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
  /** Makes `to` one more name of the file `from`, in place of what it named; `from` stays. Without `from` rejects. */
  link(from: string, to: string): Promise<void>;
  /** Moves what is at `path` out of the way; what stays there of all such files is bounded. */
  setAside(path: string, to: string): Promise<void>;
  /** Holds what was set aside of `path` before within its bounds. Never rejects. */
  boundKeptAside(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

/** A file larger than this was not written by us. */
const largestFile = 1 << 20;

export const durableSystemFiles: DurableFiles = {
  async read(path) {
    let file: FileHandle | undefined;
    try {
      // Without waiting for whoever writes into a FIFO: open(2), O_NONBLOCK.
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

/** By reading, not by the size: that of a file in /proc is 0. */
async function readBounded(file: FileHandle): Promise<string> {
  const stats = await file.stat();
  if (stats.isDirectory()) throw failure("EISDIR", "it is a folder");
  if (!stats.isFile()) throw failure("EINVAL", "it is no file");
  if (stats.size > largestFile) throw tooLarge(stats.size);
  const parts: Buffer[] = [];
  for (let length = 0; ; ) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(64 * 1024), position: length });
    if (bytesRead === 0) return Buffer.concat(parts).toString("utf8");
    parts.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > largestFile) throw tooLarge(length);
  }
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const tooLarge = (bytes: number): Error =>
  failure("EFBIG", `it has ${bytes} bytes, more than the ${largestFile} that are read`);

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
