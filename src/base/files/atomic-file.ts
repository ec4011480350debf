/**
 * Folder files/: files that survive a power cut: replaced as a whole, read up to a size limit, set aside when
 * unusable.
 *
 * Replaces a file as a whole.
 *
 * Guarantee: whoever opens `path` finds the old content or the new one, never a part, also after a power cut:
 * a new file, fsync, rename, fsync of the folder. When it resolves, the bytes and the name are on the disk. A
 * FIFO or a folder at `path` does not block it.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "../errors.ts";
import { keepAside } from "./kept-aside.ts";

/** The owner of a new file, if it is not the user that writes it: root may write for a service. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** @throws the system's error */
export async function replaceFile(path: string, text: string, owner?: FileOwner): Promise<void> {
  const fresh = `${path}.new`;
  await writeFresh(fresh, text, owner);
  await renameOver(fresh, path);
  await syncFolder(dirname(path));
}

/** Writes a new file, readable only for its owner, and waits for the disk. */
export async function writeFresh(path: string, text: string, owner?: FileOwner): Promise<void> {
  await clearPath(path);
  const file = await createFile(path, 0o600, owner);
  try {
    await file.write(text);
    await file.finish();
  } finally {
    await file.close();
  }
}

/** A new file, written in pieces. */
export interface NewFile {
  write(piece: Uint8Array | string): Promise<void>;
  /** Resolves when the content is on the disk. */
  finish(): Promise<void>;
  /** Never rejects; safe to call twice. */
  close(): Promise<void>;
}

/** Creates a file. @throws the system's error: EEXIST when there is one */
export async function createFile(path: string, mode: number, owner?: FileOwner): Promise<NewFile> {
  const file = await open(path, "wx", mode);
  try {
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    write: (piece) => file.writeFile(piece),
    finish: () => file.sync(),
    close: () => file.close().catch(() => undefined),
  };
}

/** Removes whatever is at `path`: opening a FIFO for writing would wait for a reader. */
async function clearPath(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    if (!["ERR_FS_EISDIR", "EISDIR"].includes(errnoOf(error) ?? "")) throw error;
    await keepAside(path);
  }
}

/**
 * Makes `to` another name of the file `from`, and replaces any file `to`; `from` stays.
 * @param make creates the second name; default: a hard link, which some file systems do not support
 * @throws the system's error: without `from`, ENOENT
 */
export async function linkOver(
  from: string,
  to: string,
  make: (from: string, to: string) => Promise<void> = link,
): Promise<void> {
  const passing = `${to}.new`;
  await clearPath(passing);
  await make(from, passing);
  await renameOver(passing, to);
  // If both are names of the same file already, rename(2) removes neither.
  await rm(passing, { force: true });
}

/**
 * Replaces a file synchronously, for a process that must not continue before that. Does not wait for the
 * disk, so a power cut soon after may damage the file. Never opens an existing file at `path`: it may be a
 * FIFO. @throws the system's error
 */
export function replaceFileSync(path: string, text: string): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { flag: "wx", mode: 0o600 });
  renameSync(fresh, path);
}

/**
 * The synchronous `replaceFile`, for a command whose next step needs the file on the disk. @throws the system's error
 * @param mode independent of the process's umask
 */
export function replaceFileDurablySync(path: string, text: string, mode: number): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  const file = openSync(fresh, "wx", mode);
  try {
    fchmodSync(file, mode);
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  if (process.platform === "win32") return;
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Resolves when the folder's entries are on the disk. Does nothing on Windows, where a folder cannot be opened. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await syncOpened(path, constants.O_DIRECTORY);
}

/** Resolves when the content of a file is on the disk, whoever wrote it. A FIFO does not block it. */
export async function syncFile(path: string): Promise<void> {
  await syncOpened(path, constants.O_NONBLOCK | constants.O_NOFOLLOW);
}

async function syncOpened(path: string, flags: number): Promise<void> {
  const file = await open(path, constants.O_RDONLY | flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Renames a file and replaces whatever has the new name; a folder there is set aside. @throws the system's error */
export async function renameOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!["EISDIR", "ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
    await keepAside(to);
    await rename(from, to);
  }
}

/** Creates a folder that only its owner can read; anything else at `path` is set aside. @throws the system's error */
export async function makePrivateFolder(path: string): Promise<void> {
  const make = () => mkdir(path, { recursive: true, mode: 0o700 });
  try {
    await make();
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    await keepAside(path);
    await make();
  }
}

/**
 * Opens a regular file to be continued at `from`; any content after that is cut off.
 * @throws the system's error; EINVAL for anything but a regular file
 */
export async function continueFile(path: string, from: number): Promise<NewFile> {
  const file = await open(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    await file.truncate(from);
  } catch (error) {
    await file.close();
    throw error;
  }
  let at = from;
  return {
    async write(piece) {
      const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
        done += bytesWritten;
        at += bytesWritten;
      }
    },
    finish: () => file.sync(),
    close: () => file.close().catch(() => undefined),
  };
}
