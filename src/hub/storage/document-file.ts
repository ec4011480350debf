/**
 * One stored document: two generations of it, each with a checksum.
 *
 * Guarantee: while one of the two files is whole, the document is there. A write leaves the one before as the older
 * generation, and the first write makes two, each with blocks of its own on the medium.
 *
 * Who edits a document by hand takes its last line, the checksum, away: without one it counts as it is. To be rid of a
 * document, both files go.
 */
import { copyFile, link, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "../../base/errors.ts";
import { renameOver, syncFolder, writeFresh } from "../../base/files/atomic-file.ts";
import { readChecked, withChecksum } from "../../base/files/checked-text.ts";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { readJson } from "../../base/json/value.ts";

/** Above it nothing is written, and nothing read: many times a device with a full twin and a full queue. */
export const largestDocument = 16 << 20;

export const previousOf = (path: string): string => `${path}.previous`;

export type Looked<T> =
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly problem: string }
  | { readonly kind: "good"; readonly text: string; readonly checked: boolean; readonly value: T };

/**
 * What a file holds.
 * @param parse `undefined` for what is no such document
 * @throws the system's error when the file may not be read, which is nothing that time or another generation changes
 */
export function look<T>(path: string, parse: (document: unknown) => T | undefined): Looked<T> {
  let stored: string | undefined;
  try {
    stored = readSmallFile(path, { limit: largestDocument });
  } catch (error) {
    if (!(error instanceof SmallFileError)) throw error;
    if (!["EISDIR", "EFBIG", "EIO", "not-a-file"].includes(error.code)) throw error;
    return { kind: "damaged", problem: error.problem };
  }
  if (stored === undefined) return { kind: "absent" };
  const read = readChecked(stored);
  if (read === undefined) return { kind: "damaged", problem: "does not fit its checksum" };
  const document = readJson(read.text);
  if (document === undefined) return { kind: "damaged", problem: "is no JSON" };
  const value = parse(document);
  if (value === undefined) return { kind: "damaged", problem: "is no such document" };
  return { kind: "good", ...read, value };
}

/**
 * Writes the next generation.
 * @param older "kept": what is there becomes the older one; "same": it is not to be relied on, and both become this one
 */
export async function writeGeneration(path: string, text: string, older: "kept" | "same"): Promise<void> {
  const stored = withChecksum(text);
  if (Buffer.byteLength(stored) > largestDocument) throw tooLarge(path);
  await writeFresh(`${path}.new`, stored);
  if (older === "same" || !(await keepAsPrevious(path))) {
    // Written, not linked: two names of one file would be lost by one bad block.
    await writeFresh(`${previousOf(path)}.new`, stored);
    await renameOver(`${previousOf(path)}.new`, previousOf(path));
  }
  await renameOver(`${path}.new`, path);
  await syncFolder(dirname(path));
}

/** The older one first: else a cut between the two would bring the document back. */
export async function eraseGenerations(path: string): Promise<void> {
  for (const each of [`${path}.new`, previousOf(path), path])
    await rm(each, { recursive: true, force: true });
  await syncFolder(dirname(path));
}

/** @returns false when there is nothing to keep */
async function keepAsPrevious(path: string): Promise<boolean> {
  const passing = `${previousOf(path)}.new`;
  await rm(passing, { recursive: true, force: true });
  try {
    if (!(await stat(path)).isFile()) return false;
    // No moment without a file at `path`. Cards formatted for cameras have no links.
    await link(path, passing).catch(() => copyFile(path, passing));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
  await renameOver(passing, previousOf(path));
  return true;
}

const tooLarge = (path: string): Error =>
  Object.assign(new Error(`${path} would have more than ${largestDocument} bytes`), { code: "EFBIG" });
