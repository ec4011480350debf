/**
 * The slots on the disk: the record of their state, and the images that they hold.
 *
 *     <folder>/slots.json      the record, with a checksum; slots.copy.json is written after it
 *     <folder>/a/, <folder>/b/ the files of an image, and a.image, b.image: its header and signed manifest
 *
 * Guarantee: a cut at any operation leaves the record of before or after, and a record never names an image that is not
 * whole on the disk.
 */
import { dirname, join } from "node:path";
import { readChecked, withChecksum } from "../../base/files/checked-text.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { boolean, integer, nullable, oneOf, string } from "../../base/schema/values.ts";
import { checkFits, type Target } from "../image/fitness.ts";
import { maxHeaderBytes } from "../image/image-header.ts";
import {
  type ImageFile,
  type ImageManifest,
  maxManifestBytes,
  readManifest,
} from "../image/image-manifest.ts";
import { readImage, verifyOnly } from "../image/image-reader.ts";
import type { TrustedKey } from "../image/keys.ts";
import { ImageRefused } from "../image/refusal.ts";
import type { SlotFiles } from "./slot-files.ts";
import {
  emptied,
  freeSlot,
  installed,
  maxFailed,
  noSlots,
  type SlotImage,
  type SlotName,
  type SlotsState,
} from "./slots.ts";

const image = object({ digest: string(undefined, 64), version: string(undefined, 32), counter: integer(0) });
const slotName = oneOf(["a", "b"]);
const storedState = object({
  slots: object({ a: nullable(image), b: nullable(image) }),
  active: nullable(slotName),
  trial: nullable(object({ slot: slotName, startsLeft: integer(0, 100) })),
  counterFloor: integer(0),
  failed: list(string(undefined, 64), maxFailed),
  outcome: nullable(
    object({
      result: oneOf(["confirmed", "reverted"]),
      image,
      reason: string(undefined, 500),
      reported: boolean,
    }),
  ),
});
const maxRecordBytes = 64 * 1024;
/** In the order of writing: after a cut the first is the newer one. */
const recordNames = ["slots.json", "slots.copy.json"] as const;

export class SlotStore {
  readonly #files: SlotFiles;
  readonly folder: string;

  constructor(files: SlotFiles, folder: string) {
    this.#files = files;
    this.folder = folder;
  }

  /** The record; its copy where it is damaged; that of a new device where there is neither. */
  read(): SlotsState {
    for (const name of recordNames) {
      const state = this.#readRecord(join(this.folder, name));
      if (state !== undefined) return state;
    }
    return noSlots;
  }

  /** Resolves when the record is on the disk, and its copy too: one that rots must not bring an older floor back. */
  async write(state: SlotsState): Promise<void> {
    await this.#files.makeFolder(this.folder);
    for (const name of recordNames) await this.#replace(join(this.folder, name), state);
  }

  /** The folder with the program of a slot. */
  programIn(slot: SlotName): string {
    return join(this.folder, slot);
  }

  /**
   * Reads an image from a stream into the free slot. The record then names it; nothing starts it yet.
   * @throws ImageRefused, or what the source or the disk throws: the slot is empty then, what runs is untouched
   */
  async install(
    source: AsyncIterable<Uint8Array>,
    trusted: readonly TrustedKey[],
    target: Omit<Target, "counterFloor" | "installed" | "failed">,
  ): Promise<{ readonly slot: SlotName; readonly image: SlotImage; readonly state: SlotsState }> {
    const before = this.read();
    const slot = freeSlot(before);
    if (slot === undefined)
      throw new ImageRefused("on-trial", "another update is on trial: wait for its outcome");
    const empty = emptied(before, slot);
    await this.#clear(slot, empty);
    const keyed = { ...target, ...history(empty) };
    const { manifest, digest, head } = await readImage({
      source,
      trusted,
      sink: {
        manifest: (manifest, digest) => checkFits(manifest, digest, keyed),
        file: (file, content) => this.#writeFile(slot, file, content),
      },
    });
    await this.#syncFolders(slot, manifest);
    await this.#writeWhole(this.#headOf(slot), head);
    await this.#files.syncFolder(this.folder);
    const found: SlotImage = { digest, version: manifest.version, counter: manifest.counter };
    const state = installed(empty, slot, found);
    await this.write(state);
    return { slot, image: found, state };
  }

  /** Whether every file of a slot is as its manifest says, the manifest is signed, and it is the recorded image. */
  async isIntact(slot: SlotName, trusted: readonly TrustedKey[]): Promise<boolean> {
    try {
      const head = this.#files.read(this.#headOf(slot), maxHeaderBytes + maxManifestBytes);
      if (head === undefined) return false;
      const { digest } = await readImage({ source: this.#imageIn(slot, head), trusted, sink: verifyOnly });
      return digest === this.read().slots[slot]?.digest;
    } catch {
      // Refused or unreadable: either way not to be started.
      return false;
    }
  }

  #headOf(slot: SlotName): string {
    return join(this.folder, `${slot}.image`);
  }

  /** The manifest is read for its paths only when the reader asks for more: it has checked the signature by then. */
  async *#imageIn(slot: SlotName, head: Buffer): AsyncGenerator<Uint8Array> {
    yield head;
    const { files } = readManifest(head.subarray(head.indexOf(0x0a) + 1));
    for (const { path } of files) yield* this.#files.chunks(join(this.programIn(slot), path));
  }

  /** The record says so first: a slot that is half removed holds no image. */
  async #clear(slot: SlotName, empty: SlotsState): Promise<void> {
    await this.write(empty);
    await this.#files.remove(this.#headOf(slot));
    await this.#files.remove(this.programIn(slot));
    await this.#files.makeFolder(this.programIn(slot));
  }

  async #writeFile(slot: SlotName, file: ImageFile, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = join(this.programIn(slot), file.path);
    await this.#files.makeFolder(dirname(path));
    const written = await this.#files.create(path, file.executable === 1);
    try {
      for await (const chunk of content) await written.write(chunk);
      await written.finish();
    } finally {
      await written.close();
    }
  }

  /** Every folder of the image, the deepest first, so that no name leads to one that is not on the disk. */
  async #syncFolders(slot: SlotName, { files }: ImageManifest): Promise<void> {
    const root = this.programIn(slot);
    const folders = new Set([root]);
    for (const { path } of files) {
      for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
        folders.add(join(root, path.slice(0, at)));
      }
    }
    for (const folder of [...folders].sort((a, b) => b.length - a.length))
      await this.#files.syncFolder(folder);
  }

  async #replace(path: string, state: SlotsState): Promise<void> {
    await this.#writeWhole(`${path}.new`, Buffer.from(withChecksum(JSON.stringify(state))));
    await this.#files.rename(`${path}.new`, path);
    await this.#files.syncFolder(this.folder);
  }

  async #writeWhole(path: string, content: Buffer): Promise<void> {
    await this.#files.remove(path);
    const file = await this.#files.create(path, false);
    try {
      await file.write(content);
      await file.finish();
    } finally {
      await file.close();
    }
  }

  #readRecord(path: string): SlotsState | undefined {
    let bytes: Buffer | undefined;
    try {
      bytes = this.#files.read(path, maxRecordBytes);
    } catch (error) {
      if (!(error instanceof SmallFileError)) throw error;
      return undefined;
    }
    const checked = bytes && readChecked(bytes.toString("utf8"));
    return checked?.checked ? readText(storedState, checked.text) : undefined;
  }
}

/** What the record knows of images that must not come again, or not go back. */
function history({
  slots,
  counterFloor,
  failed,
}: SlotsState): Pick<Target, "counterFloor" | "installed" | "failed"> {
  const known = [slots.a, slots.b].filter((image) => image !== null);
  return {
    counterFloor,
    installed: new Map(known.map(({ counter, digest }) => [counter, digest])),
    failed: new Set(failed),
  };
}
