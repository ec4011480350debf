/**
 * Writes and replaces small files atomically, over the port of file operations.
 *
 * Guarantee of `replaceWhole`: a power cut at any operation leaves the old or the new file, which is on the disk when it
 * resolves.
 */
import { dirname } from "node:path";
import { withChecksum } from "../../base/files/checked-text.ts";
import type { SlotFiles } from "./slot-files.ts";

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Replaces what a power cut may have left. Its folder must exist; its name is on the disk once the folder is synced. */
export async function writeWhole(files: SlotFiles, path: string, content: Chunks): Promise<void> {
  await files.remove(path);
  const file = await files.create(path, false);
  try {
    for await (const chunk of content) await file.write(chunk);
    await file.finish();
  } finally {
    await file.close();
  }
}

/** Rejects with the disk's error. Its folder must exist. */
export async function replaceWhole(files: SlotFiles, path: string, content: Chunks): Promise<void> {
  await writeWhole(files, `${path}.new`, content);
  await files.rename(`${path}.new`, path);
  await files.syncFolder(dirname(path));
}

/** The same with a checksum in front (base/files/checked-text.ts). */
export const replaceChecked = (files: SlotFiles, path: string, document: unknown): Promise<void> =>
  replaceWhole(files, path, [Buffer.from(withChecksum(JSON.stringify(document)))]);
