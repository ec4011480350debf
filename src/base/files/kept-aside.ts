/**
 * What stands in a file's place and cannot be used, kept under another name for a person to look at.
 *
 * Guarantee: it never eats the storage: each is cut to 64 KiB, and of all in a folder at most eight stay, the newest. A
 * folder that stood in a file's place is moved and stays whole: nobody knows whose it is.
 */
import { readdir, rename, rm, stat, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";

const largestAside = 64 * 1024;
const mostAside = 8;
const aside = ".unreadable";

/**
 * Moves what cannot be used out of the way.
 * @returns where it is now; `undefined` when it cannot be moved
 */
export async function keepAside(path: string): Promise<string | undefined> {
  for (const name of [`${path}${aside}`, `${path}${aside}-2`, `${path}${aside}-3`]) {
    const moved = await rename(path, name).then(
      () => true,
      () => false,
    );
    if (!moved) continue;
    const found = await stat(name).catch(() => undefined);
    if (found?.isFile() && found.size > largestAside)
      await truncate(name, largestAside).catch(() => undefined);
    await boundAside(dirname(path), name);
    return name;
  }
  return undefined;
}

/** The oldest go first; folders stay, nobody knows whose they are. */
async function boundAside(folder: string, newest: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  const kept: { path: string; atMs: number }[] = [];
  for (const name of names.filter((each) => each.includes(aside))) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    // By the time at which it was moved, not by that of its content.
    if (found && !found.isDirectory() && path !== newest) kept.push({ path, atMs: found.ctimeMs });
  }
  kept.sort((a, b) => b.atMs - a.atMs);
  for (const { path } of kept.slice(mostAside - 1)) await rm(path).catch(() => undefined);
}
