/**
 * The file operations of the slots, as a port, so that a test can cut the power between any two.
 *
 * Guarantees of the real one: a file is on the disk when `finish` resolves, its name when `syncFolder` of its
 * folder resolves, and everything below a folder when `syncAll` resolves; a FIFO or a device in a file's
 * place is an error, and never blocks.
 */
import { closeSync, constants, fchownSync, openSync } from "node:fs";
import { chown, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import {
  createFile,
  type FileOwner,
  type NewFile,
  renameOver,
  syncFolder,
} from "../../base/files/atomic-file.ts";
import { lockOpenFile } from "../../base/files/file-lock.ts";
import { regularFileChunks } from "../../base/files/regular-file.ts";
import { readSmallBytes } from "../../base/files/small-file.ts";
import { type Millis, millis } from "../../base/units.ts";
import { syncAll } from "./sync-all.ts";

export interface SlotFiles {
  /** A small file as a whole; `undefined` when there is none. @throws SmallFileError */
  read(path: string, limit: number): Buffer | undefined;
  /** A file's content from its start. Rejects with the system's error. */
  chunks(path: string): AsyncIterable<Uint8Array>;
  /** Yields to timers and signals: reading a whole slot takes seconds. */
  turn(): Promise<void>;
  /** Creates a file in an existing folder; rejects if there is one already. */
  create(path: string, executable: boolean): Promise<NewFile>;
  makeFolder(path: string): Promise<void>;
  /** Removes a file, or a folder with its content; a missing one is no error. */
  remove(path: string): Promise<void>;
  /** Replaces `to` by `from`, atomically. */
  rename(from: string, to: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** Resolves when all files and names below a folder are on the disk, whether their writers synced them or not. */
  syncAll(folder: string): Promise<void>;
  /**
   * Takes a lock, waiting at most `limit` for it; it ends with this process at the latest. The folder must exist.
   * @returns the function that releases it. @throws SlotsBusy
   */
  lock(path: string, limit: Millis): Promise<() => void>;
}

/** Another process writes. */
export class SlotsBusy extends Error {
  override readonly name = "SlotsBusy";
}

const lockRetryInterval = millis(100);

type Sleeper = Pick<Clock, "sleep">;

/** @param owner of all files, if that is not this process's user: root may act for a service */
export function systemSlotFiles(clock: Sleeper, owner?: FileOwner): SlotFiles {
  return {
    read: (path, limit) => readSmallBytes(path, { limit }),
    chunks: regularFileChunks,
    turn: () => new Promise((resolve) => void setImmediate(resolve)),
    create: (path, executable) => createFile(path, executable ? 0o755 : 0o644, owner),
    makeFolder: (path) => makeFolder(path, owner),
    remove: (path) => rm(path, { recursive: true, force: true }),
    rename: renameOver,
    syncFolder,
    syncAll: (folder) => syncAll(folder),
    lock: (path, limit) => lockFile(path, limit, clock, owner),
  };
}

async function makeFolder(path: string, owner: FileOwner | undefined): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  if (owner === undefined || first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder))
    await chown(folder, owner.uid, owner.gid);
}

async function lockFile(
  path: string,
  limit: Millis,
  clock: Sleeper,
  owner: FileOwner | undefined,
): Promise<() => void> {
  // Read-only: it may be another user's file. O_NONBLOCK: a FIFO would block.
  const file = openSync(path, constants.O_RDONLY | constants.O_CREAT | constants.O_NONBLOCK, 0o644);
  const unlock = (): void => closeSync(file);
  try {
    if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    for (let waited = 0; ; waited += lockRetryInterval) {
      const outcome = lockOpenFile(file);
      if (outcome === "locked") return unlock;
      if (outcome !== "busy") throw new Error(`${path} cannot be locked: ${outcome.failed}`);
      if (waited >= limit) throw new SlotsBusy("another process writes to the slots");
      await clock.sleep(lockRetryInterval);
    }
  } catch (error) {
    unlock();
    throw error;
  }
}
