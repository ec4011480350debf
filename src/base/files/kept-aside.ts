/**
 * Unusable files, kept under another name for inspection.
 *
 * Guarantee: only the newest are kept, at most two per file and eight per folder, each truncated to 64 KiB, so that they
 * never exhaust the storage that the manifest grants. A folder in place of a file is moved and stays complete, since its
 * owner is unknown. Nothing is truncated through a link.
 */
import { lstat, readdir, rename, rmdir, truncate, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const maxOfAFile = 2;
const maxInAFolder = 8;
/** Many times the size of a state, and a small part of any reasonable grant. */
const maxBytes = 64 * 1024;

const suffix = ".unreadable";
/** Earlier versions of the hub gave the first file no label. */
const aside = /\.unreadable(?:-\d+)?$/;

/** @param label a number, higher for newer files */
export const asideName = (path: string, label: number): string => `${path}${suffix}-${label}`;

/** Those of the names in its folder under which the file `path` was set aside, oldest first. */
export function keptAsideOf(path: string, names: readonly string[]): string[] {
  const prefix = `${basename(path)}${suffix}`;
  const own = names.filter((name) => name.startsWith(prefix) && name.replace(aside, "") === basename(path));
  return own.sort((a, b) => labelOf(a) - labelOf(b));
}

const labelOf = (name: string): number =>
  Number(name.slice(name.lastIndexOf(suffix) + suffix.length + 1)) || 0;

/** Moves what is at `path` to `to`. @throws the system's error when it cannot be moved */
export async function setAside(path: string, to: string): Promise<void> {
  await rename(path, to);
  await boundKeptAside(path, basename(to));
}

/** Moves what is at `path` out of the way. @returns where it is now; `undefined` when it cannot be moved */
export async function keepAside(path: string): Promise<string | undefined> {
  const newest = keptAsideOf(path, await namesIn(dirname(path))).at(-1);
  const to = asideName(path, newest === undefined ? 1 : labelOf(newest) + 1);
  return setAside(path, to).then(
    () => to,
    () => undefined,
  );
}

/**
 * Removes and truncates the files set aside for one file, also those of older firmware. Errors are ignored.
 * @param newest a name that always stays, since labels depend on the clock
 */
export async function boundKeptAside(path: string, newest?: string): Promise<void> {
  const folder = dirname(path);
  const names = await namesIn(folder);
  const kept = keptAsideOf(path, names).filter((name) => name !== newest);
  const room = newest === undefined ? maxOfAFile : maxOfAFile - 1;
  const stay = new Set([...kept.slice(Math.max(0, kept.length - room)), newest]);
  for (const name of names.filter((each) => stay.has(each))) await cut(join(folder, name));
  for (const name of kept.filter((each) => !stay.has(each))) await remove(join(folder, name));
  await boundFolder(folder, newest);
}

/** Sorted by the time of the move (ctime). Folders are not counted and stay. */
async function boundFolder(folder: string, newest: string | undefined): Promise<void> {
  const kept: { readonly path: string; readonly atMs: number }[] = [];
  for (const name of (await namesIn(folder)).filter((each) => aside.test(each) && each !== newest)) {
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (found && !found.isDirectory()) kept.push({ path, atMs: found.ctimeMs });
  }
  kept.sort((a, b) => b.atMs - a.atMs);
  for (const { path } of kept.slice(newest === undefined ? maxInAFolder : maxInAFolder - 1))
    await remove(path);
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch((): string[] => []);

async function cut(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() && found.size > maxBytes) await truncate(path, maxBytes).catch(() => undefined);
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => rmdir(path).catch(() => undefined));
}
