/**
 * The file operations of a store that appends to files in a folder of its own, as a port: tests simulate a power cut
 * between any two.
 *
 * Guarantee: reads only regular files of a plausible size, so that a FIFO, a folder or a huge file cannot block it.
 * Changes are on the disk only after `sync` of the file and of the folder.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../errors.ts";

export interface FileFound {
  readonly name: string;
  /** `undefined`: not a regular file. */
  readonly size: number | undefined;
}

export interface FolderDisk {
  /** Creates the folder if needed, and lists it. */
  list(): Promise<readonly FileFound[]>;
  read(name: string, at: number, length: number): Promise<Buffer>;
  /** Writes all bytes at this offset; creates the file if needed. */
  write(name: string, at: number, bytes: Buffer): Promise<void>;
  truncate(name: string, length: number): Promise<void>;
  /** Waits for the disk. */
  sync(name: string): Promise<void>;
  syncFolder(): Promise<void>;
  /** No error when it does not exist. */
  remove(name: string): Promise<void>;
}

export function folderDisk(folder: string): FolderDisk {
  const withFile = async <T>(name: string, flags: number, use: (file: File) => Promise<T>): Promise<T> => {
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
    const file = await open(join(folder, name), flags | constants.O_NONBLOCK, 0o600);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  };
  return {
    async list() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = await readdir(folder);
      return await Promise.all(
        names.map(async (name) => {
          const found = await stat(join(folder, name)).catch(() => undefined);
          return { name, size: found?.isFile() ? found.size : undefined };
        }),
      );
    },
    read: (name, at, length) =>
      withFile(name, constants.O_RDONLY, async (file) => {
        const bytes = Buffer.alloc(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      }),
    write: (name, at, bytes) =>
      withFile(name, constants.O_WRONLY | constants.O_CREAT, async (file) => {
        let written = 0;
        while (written < bytes.length) {
          const step = await file.write(bytes, written, bytes.length - written, at + written);
          written += step.bytesWritten;
        }
      }),
    truncate: (name, length) => withFile(name, constants.O_WRONLY, (file) => file.truncate(length)),
    sync: (name) => withFile(name, constants.O_RDONLY, (file) => file.sync()),
    async syncFolder() {
      const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    remove: (name) =>
      unlink(join(folder, name)).catch((error: unknown) => {
        if (errnoOf(error) !== "ENOENT") throw error;
      }),
  };
}

type File = Awaited<ReturnType<typeof open>>;
