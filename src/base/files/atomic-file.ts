/**
 * Replaces a file as a whole.
 *
 * Guarantee: whoever opens `path` finds the old content or the new one, never a part, also after a power cut: a new file,
 * fsync, rename, fsync of the folder. When it resolves, the bytes and the name are on the disk. A FIFO or a folder that
 * stands in the way does not hold it up.
 */
import { constants } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "../errors.ts";
import { keepAside } from "./kept-aside.ts";

/** @throws the system's error */
export async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFresh(fresh, text);
  await renameOver(fresh, path);
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

/** Renames a file over whatever is there; a folder is kept aside. @throws the system's error */
export async function renameOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!["EISDIR", "ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
    await keepAside(to);
    await rename(from, to);
  }
}

/** Makes a folder that only its owner can look into; what is there and is none is kept aside. @throws the system's error */
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
