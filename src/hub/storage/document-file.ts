/**
 * A stored document in two generations, each with a checksum.
 *
 * Guarantee: the document survives the damage of either file. A write keeps the previous generation; the first write
 * creates both, with separate blocks on the medium.
 *
 * To edit a document by hand, remove its last line, the checksum. To delete a document, delete both files.
 */
import { copyFile, link, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "../../base/errors.ts";
import { linkOver, renameOver, syncFolder, writeFresh } from "../../base/files/atomic-file.ts";
import { readChecked, withChecksum } from "../../base/files/checked-text.ts";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { readJson } from "../../base/json/value.ts";

/** Limit for reading and writing: far above a device with a full twin and a full queue. */
export const largestDocument = 16 << 20;

export const previousOf = (path: string): string => `${path}.previous`;

export type Generation<T> =
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly problem: string }
  | { readonly kind: "good"; readonly text: string; readonly checked: boolean; readonly value: T };

/**
 * Reads one generation.
 * @param parse returns `undefined` for an invalid document
 * @throws the system's error when the file is not readable, as for missing permissions
 */
export function readGeneration<T>(path: string, parse: (document: unknown) => T | undefined): Generation<T> {
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
  if (read === undefined) return { kind: "damaged", problem: "does not match its checksum" };
  const document = readJson(read.text);
  if (document === undefined) return { kind: "damaged", problem: "is not JSON" };
  const value = parse(document);
  if (value === undefined) return { kind: "damaged", problem: "has unexpected content" };
  return { kind: "good", ...read, value };
}

/**
 * Writes the next generation.
 * @param older "kept": the current file becomes the older generation; "same": write `text` to both
 */
export async function writeGeneration(path: string, text: string, older: "kept" | "same"): Promise<void> {
  const stored = withChecksum(text);
  if (Buffer.byteLength(stored) > largestDocument) throw tooLarge(path);
  await writeFresh(`${path}.new`, stored);
  if (older === "same" || !(await keepAsPrevious(path))) {
    // Written, not linked: one bad block would damage both names of a linked file.
    await writeFresh(`${previousOf(path)}.new`, stored);
    await renameOver(`${previousOf(path)}.new`, previousOf(path));
  }
  await renameOver(`${path}.new`, path);
  await syncFolder(dirname(path));
}

/** The older one first: after a power cut in between, it would otherwise restore the document. */
export async function eraseGenerations(path: string): Promise<void> {
  for (const each of [`${path}.new`, previousOf(path), path])
    await rm(each, { recursive: true, force: true });
  await syncFolder(dirname(path));
}

/** @returns false when there is no current file */
async function keepAsPrevious(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    // There is a file at `path` at every moment. FAT file systems have no links.
    await linkOver(path, previousOf(path), (from, to) => link(from, to).catch(() => copyFile(from, to)));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
  return true;
}

const tooLarge = (path: string): Error =>
  Object.assign(new Error(`${path} would have more than ${largestDocument} bytes`), { code: "EFBIG" });
