/**
 * The file operations that slots are made of, as a port: a test cuts the power between any two.
 *
 * Guarantee of the system's: a file is on the disk when `finish` resolves, a name when `syncFolder` of its folder does.
 */
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createFile, type NewFile, renameOver, syncFolder } from "../../base/files/atomic-file.ts";
import { readSmallBytes } from "../../base/files/small-file.ts";

export interface SlotFiles {
  /** A small file as a whole; `undefined` when there is none. @throws SmallFileError */
  read(path: string, limit: number): Buffer | undefined;
  /** A file's content from its start. Rejects with the system's error. */
  chunks(path: string): AsyncIterable<Uint8Array>;
  /** A new file; its folder is there. Rejects when there is one already. */
  create(path: string, executable: boolean): Promise<NewFile>;
  makeFolder(path: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it; nothing there is no error. */
  remove(path: string): Promise<void>;
  /** Puts `from` in the place of `to`, at once. */
  rename(from: string, to: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

export const systemSlotFiles: SlotFiles = {
  read: (path, limit) => readSmallBytes(path, { limit }),
  chunks: (path) => createReadStream(path),
  create: (path, executable) => createFile(path, executable ? 0o755 : 0o644),
  makeFolder: async (path) => void (await mkdir(path, { recursive: true, mode: 0o755 })),
  remove: (path) => rm(path, { recursive: true, force: true }),
  rename: renameOver,
  syncFolder,
};
