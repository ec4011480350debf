/**
 * The few file operations that durable state is made of, as a port: a test cuts the power between any two.
 *
 * Guarantee: when `writeDurably` resolves, the bytes are on the disk; when `syncFolder` resolves, the names are.
 */
import { constants } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";

export interface DurableFiles {
  /** `undefined` when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Replaces the content of `path`, and waits for the disk. */
  writeDurably(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

/** A file larger than this was not written by us. */
const largestFile = 1 << 20;

export const systemFiles: DurableFiles = {
  async read(path) {
    try {
      const text = await readFile(path, "utf8");
      return text.length > largestFile ? text.slice(0, largestFile) : text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  },
  async writeDurably(path, text) {
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
  async syncFolder(path) {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

/** Files in memory, for the simulator and for tests. */
export function memoryFiles(content = new Map<string, string>()): DurableFiles {
  return {
    read: async (path) => content.get(path),
    async writeDurably(path, text) {
      content.set(path, text);
    },
    async rename(from, to) {
      const text = content.get(from);
      if (text === undefined) throw Object.assign(new Error(`no file ${from}`), { code: "ENOENT" });
      content.set(to, text);
      content.delete(from);
    },
    async syncFolder() {},
  };
}
