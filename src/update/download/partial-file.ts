/**
 * The file that a download is written to, and the record of what it belongs to:
 *
 *     <folder>/download        the bytes received so far, from the start
 *     <folder>/download.json   the document they belong to: size, SHA-256, and the server's entity tag, with a checksum
 *
 * Guarantee: bytes of an earlier process or from before a power cut are continued only if the whole file's
 * SHA-256 is known, which then covers them too; there is one download at a time, so it takes no more space
 * than one image.
 */
import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import type { NewFile } from "../../base/files/atomic-file.ts";
import { readChecked, withChecksum } from "../../base/files/checked-text.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { readText } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, nullable, string } from "../../base/schema/values.ts";
import { replaceWhole } from "../slots/whole-file.ts";
import type { ImageLocation } from "../source.ts";
import type { DownloadFiles } from "./download-files.ts";

const recordSchema = object({
  url: string(undefined, 4096),
  size: integer(0),
  sha256: nullable(string(undefined, 64)),
  etag: nullable(string(undefined, 256)),
});
const maxRecordBytes = 16 * 1024;
/** Bytes that a power cut may lose: a compromise, since a sync for each packet would wear the card. */
const syncEvery = 1024 * 1024;

export class PartialFile {
  readonly #files: DownloadFiles;
  readonly #location: ImageLocation;
  readonly #folder: string;
  #file: NewFile | undefined;
  #hash: Hash = createHash("sha256");
  #unsynced = 0;
  #size = 0;
  #etag: string | undefined;
  #isResumed = false;

  private constructor(files: DownloadFiles, folder: string, location: ImageLocation) {
    this.#files = files;
    this.#folder = folder;
    this.#location = location;
  }

  /** Continues a partial file of the same content, otherwise starts a new one. @throws the system's error */
  static async open(files: DownloadFiles, folder: string, location: ImageLocation): Promise<PartialFile> {
    const partial = new PartialFile(files, folder, location);
    await files.makeFolder(folder);
    if (!(await partial.#resume())) await partial.restart(undefined);
    return partial;
  }

  static async remove(files: DownloadFiles, folder: string): Promise<void> {
    // The record last: without it nothing would show which image the bytes belong to.
    for (const name of ["download", "download.json", "download.json.new"])
      await files.remove(join(folder, name));
  }

  get path(): string {
    return join(this.#folder, "download");
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#size;
  }

  /** ETag of the document that the bytes belong to. */
  get etag(): string | undefined {
    return this.#etag;
  }

  /** The bytes came over several connections, or partly in an earlier process: they may belong to different documents. */
  get isResumed(): boolean {
    return this.#isResumed;
  }

  /** The next bytes come over another connection. */
  continueOverNewConnection(): void {
    this.#isResumed = true;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#file?.write(bytes);
    this.#hash.update(bytes);
    this.#size += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced >= syncEvery) await this.syncToDisk();
  }

  /** Resolves when all bytes are on the disk. */
  async syncToDisk(): Promise<void> {
    await this.#file?.finish();
    this.#unsynced = 0;
  }

  /** SHA-256 of the bytes so far; of use once they are complete. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Starts again at 0, with the entity tag that the server sends now. */
  async restart(etag: string | undefined): Promise<void> {
    await this.close();
    const { url, size, sha256 } = this.#location;
    await this.#files.remove(this.path);
    const record = JSON.stringify({ url, size, sha256: sha256 ?? null, etag: etag ?? null });
    await this.#writeRecord(withChecksum(record));
    this.#file = await this.#files.create(this.path, false);
    await this.#files.syncFolder(this.#folder);
    this.#hash = createHash("sha256");
    this.#size = 0;
    this.#unsynced = 0;
    this.#etag = etag;
    this.#isResumed = false;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** @returns whether there was a partial file of the same content */
  async #resume(): Promise<boolean> {
    const record = this.#readRecord();
    const { sha256, size, url } = this.#location;
    const found = this.#files.sizeOf(this.path);
    const isSame = sha256 !== undefined && record?.sha256 === sha256 && record.size === size;
    if (!isSame || found === undefined || found === 0 || found > size) return false;
    let read = 0;
    for await (const chunk of this.#files.chunks(this.path)) {
      this.#hash.update(chunk);
      read += chunk.length;
    }
    this.#size = read;
    this.#etag = record.url === url ? (record.etag ?? undefined) : undefined;
    this.#isResumed = true;
    this.#file = await this.#files.continue(this.path, read);
    return true;
  }

  #readRecord() {
    try {
      const bytes = this.#files.read(join(this.#folder, "download.json"), maxRecordBytes);
      const checked = bytes && readChecked(bytes.toString("utf8"));
      return checked?.checked ? readText(recordSchema, checked.text) : undefined;
    } catch (error) {
      if (error instanceof SmallFileError) return undefined;
      throw error;
    }
  }

  async #writeRecord(text: string): Promise<void> {
    await replaceWhole(this.#files, join(this.#folder, "download.json"), [Buffer.from(text)]);
  }
}
