/**
 * Files that could not be used, kept under another name for a person to look at.
 *
 * Guarantee: of one kind at most two stay, the newest, each cut to its first 64 KiB: they never eat the storage that
 * the manifest grants. A folder that stood in a file's place is moved and stays whole: nobody knows whose it is.
 */
import { lstat, readdir, rename, rmdir, truncate, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const mostOfAKind = 2;
/** Many times a whole state, and a small part of the smallest sensible grant. */
const largest = 64 * 1024;

const suffix = ".unreadable-";

/** @param label tells the files of a kind apart, and a higher one is newer */
export const asideName = (path: string, label: number): string => `${path}${suffix}${label}`;

/** The names of what was kept aside of a file, among those of its folder; the oldest first. */
export function keptAsideOf(path: string, names: readonly string[]): string[] {
  const prefix = `${basename(path)}${suffix}`;
  const label = (name: string): number => Number(name.slice(prefix.length)) || 0;
  return names.filter((name) => name.startsWith(prefix)).sort((a, b) => label(a) - label(b));
}

/** Moves what is at `path` to `to`. @throws the system's error when it cannot be moved */
export async function setAside(path: string, to: string): Promise<void> {
  await rename(path, to);
  await boundKeptAside(path, basename(to));
}

/**
 * Holds what was kept aside of one file within its bounds, also what older firmware kept. What cannot be removed stays.
 * @param newest a name that stays, whatever its label says: a clock may have been wrong
 */
export async function boundKeptAside(path: string, newest?: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch((): string[] => []);
  const kept = keptAsideOf(path, names).filter((name) => name !== newest);
  const room = newest === undefined ? mostOfAKind : mostOfAKind - 1;
  const stay = new Set([...kept.slice(kept.length - room), newest]);
  for (const name of names.filter((each) => stay.has(each))) await cut(join(folder, name));
  for (const name of kept.filter((each) => !stay.has(each))) await remove(join(folder, name));
}

async function cut(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() && found.size > largest) await truncate(path, largest).catch(() => undefined);
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => rmdir(path).catch(() => undefined));
}
