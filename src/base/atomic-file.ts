/**
 * Replaces a file as a whole.
 *
 * Guarantee: whoever opens `path` finds the old content or the new one, never a part, also after a power cut: a new file,
 * fsync, rename, fsync of the folder. When it resolves, the bytes and the name are on the disk. What stands in the way
 * and is no file (a FIFO, a folder) neither holds it up nor is lost: a folder is an error for the caller to act on.
 */
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** @throws the system's error; EISDIR, ENOTEMPTY or EEXIST where a folder stands at `path` */
export async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFresh(fresh, text);
  await rename(fresh, path);
  await syncFolder(dirname(path));
}

/** Writes a file that nobody reads yet, readable for its owner alone, and waits for the disk. */
export async function writeFresh(path: string, text: string): Promise<void> {
  // Whatever was left there, of whatever kind: opening a FIFO for writing would wait for a reader.
  await rm(path, { recursive: true, force: true });
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Resolves when the folder's names are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
