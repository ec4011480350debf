/**
 * The slots on the disk: the record of their state, and the images that they hold.
 *
 *     <folder>/slots.json      the record, with a checksum; slots.copy.json is written after it
 *     <folder>/a/, <folder>/b/ the files of an image, and a.image, b.image: its header and signed manifest
 *
 *     <folder>/record.lock, install.lock   files that writers lock (flock)
 *
 * Guarantees: a power cut at any operation leaves the old or the new record, and a record never names an
 * image that is not completely on the disk. Several processes may write: `change` holds a lock from its
 * reading to its writing, so that nobody overwrites what another one wrote; one installation runs at a time.
 */
import { dirname, join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { readChecked } from "../../base/files/checked-text.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { equalJson } from "../../base/json/value.ts";
import { readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { boolean, integer, nullable, oneOf, string } from "../../base/schema/values.ts";
import { seconds } from "../../base/units.ts";
import { checkFits, type Machine, type Target } from "../image/fitness.ts";
import { maxHeaderBytes } from "../image/image-header.ts";
import {
  type ImageFile,
  type ImageManifest,
  maxManifestBytes,
  readManifest,
} from "../image/image-manifest.ts";
import { type ImageSink, readImage, type VerifiedImage, verifyOnly } from "../image/image-reader.ts";
import type { TrustedKey } from "../image/keys.ts";
import { ImageRefused } from "../image/refusal.ts";
import type { SlotFiles } from "./slot-files.ts";
import {
  emptied,
  freeSlot,
  installed,
  maxFailed,
  maxReason,
  noSlots,
  type SlotImage,
  type SlotName,
  type SlotsState,
} from "./slots.ts";
import { replaceChecked, writeWhole } from "./whole-file.ts";

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
      reason: string(undefined, maxReason),
      reported: boolean,
    }),
  ),
});
const maxRecordBytes = 64 * 1024;
/** Files read before yielding to other work: together they take a few milliseconds. */
const filesPerTurn = 32;
/** Long, since a start holds the lock while it verifies a whole slot. */
const recordLimit = seconds(60);
/** Another installation takes minutes, so the second one does not wait but fails with SlotsBusy. */
const installLimit = seconds(0);
/** In the order of writing: after a power cut the first is the newer one. */
export const recordNames = ["slots.json", "slots.copy.json"] as const;

/** Throws when there is no room for the image. */
export type CheckRoom = (manifest: ImageManifest) => Promise<void> | void;

/** What the unit demands of an image beyond what its manifest says. Each throws ImageRefused. */
export interface InstallChecks {
  /** Called before the first file is written. */
  readonly room?: CheckRoom | undefined;
  /** Called with the folder of its files, as they were signed, before the record names them. */
  readonly program?: ((folder: string) => void) | undefined;
}

export interface InstalledImage {
  readonly slot: SlotName;
  readonly image: SlotImage;
  readonly state: SlotsState;
}

interface FillOptions {
  readonly source: AsyncIterable<Uint8Array>;
  readonly trusted: readonly TrustedKey[];
  readonly machine: Machine;
  readonly checks: InstallChecks;
}

export class SlotStore {
  readonly #files: SlotFiles;
  readonly folder: string;

  constructor(files: SlotFiles, folder: string) {
    this.#files = files;
    this.folder = folder;
  }

  /** Reads the record, or its copy if it is damaged; without either, returns the record of a new device. */
  read(): SlotsState {
    for (const name of recordNames) {
      const state = this.#readRecord(join(this.folder, name));
      if (state !== undefined) return state;
    }
    return noSlots;
  }

  /**
   * Changes the record: reads it, applies `how`, and writes the result, with no other writer in between. A
   * record that stays as it was, and is whole, is not written. Resolves when it is on the disk.
   * @returns the record as it is now. @throws SlotsBusy, an error of `how`, the system's error
   */
  async change(how: (state: SlotsState) => SlotsState | Promise<SlotsState>): Promise<SlotsState> {
    await this.#files.makeFolder(this.folder);
    const unlock = await this.#files.lock(join(this.folder, "record.lock"), recordLimit);
    try {
      const before = this.read();
      const after = await how(before);
      if (!isSame(after, before) || this.#isDamaged(after)) await this.#write(after);
      return after;
    } finally {
      unlock();
    }
  }

  /** A damaged record or copy is rewritten, as long as the other one is readable. */
  #isDamaged(state: SlotsState): boolean {
    const found = recordNames.map((name) => this.#readRecord(join(this.folder, name)));
    return found.some(Boolean) && !found.every((record) => isSame(record, state));
  }

  /** Writes the copy too: a damaged record must not bring back an older counter floor. */
  async #write(state: SlotsState): Promise<void> {
    for (const name of recordNames) await replaceChecked(this.#files, join(this.folder, name), state);
  }

  /** The folder with the program of a slot. */
  programIn(slot: SlotName): string {
    return join(this.folder, slot);
  }

  /** Header and signed manifest of the image in a slot, as they were installed. @throws SmallFileError */
  headIn(slot: SlotName): Buffer | undefined {
    return this.#files.read(this.#headPath(slot), maxHeaderBytes + maxManifestBytes);
  }

  /**
   * Reads an image from a stream into the free slot. The record then names it; nothing starts it yet.
   *
   * The slot keeps what it holds, the release before or an update that waits, until the image has proved to be the owner's
   * and to fit: else anyone who can offer a file could take away what this unit would go back to.
   * @throws ImageRefused, SlotsBusy, or an error of the source or the disk: then the slot is as it was or empty, and the
   * running program is untouched
   */
  async install(
    source: AsyncIterable<Uint8Array>,
    trusted: readonly TrustedKey[],
    machine: Machine,
    checks: InstallChecks = {},
  ): Promise<InstalledImage> {
    await this.#files.makeFolder(this.folder);
    const unlock = await this.#files.lock(join(this.folder, "install.lock"), installLimit);
    try {
      return await this.#fill({ source, trusted, machine, checks });
    } finally {
      unlock();
    }
  }

  async #fill({ source, trusted, machine, checks }: FillOptions): Promise<InstalledImage> {
    const slot = freeSlot(this.read());
    if (slot === undefined) throw alreadyOnTrial();
    const folders = new Set([this.programIn(slot)]);
    let isCleared = false;
    const sink: ImageSink = {
      manifest: async (manifest, digest) => {
        await this.#clear(slot, (empty) => checkFits(manifest, digest, { ...machine, ...history(empty) }));
        isCleared = true;
        await checks.room?.(manifest);
      },
      file: async (file, content) => {
        const path = join(this.programIn(slot), file.path);
        const folder = dirname(path);
        if (!folders.has(folder)) await this.#files.makeFolder(folder);
        folders.add(folder);
        await this.#writeFile(path, file, content);
      },
    };
    try {
      const image = await readImage({ source, trusted, sink });
      checks.program?.(this.programIn(slot));
      return await this.#record(slot, image);
    } catch (error) {
      // Frees the space of a slot without an image; if this fails, the next installation clears it.
      if (isCleared) await this.#files.remove(this.programIn(slot)).catch(() => undefined);
      throw error;
    }
  }

  async #record(slot: SlotName, { manifest, digest, head }: VerifiedImage): Promise<InstalledImage> {
    // Before the record names it: so far no file of it was synced.
    await this.#files.syncAll(this.programIn(slot));
    await writeWhole(this.#files, this.#headPath(slot), [head]);
    await this.#files.syncFolder(this.folder);
    const image: SlotImage = { digest, version: manifest.version, counter: manifest.counter };
    const state = await this.change((state) => {
      if (freeSlot(state) !== slot) throw alreadyOnTrial();
      return installed(state, slot, image);
    });
    return { slot, image, state };
  }

  /**
   * Reads every file of a slot.
   * @returns its manifest. @throws ImageRefused when a file differs from the manifest, when no trusted key
   * has signed it, or when it is not the recorded image; the system's error
   */
  async verify(slot: SlotName, trusted: readonly TrustedKey[]): Promise<ImageManifest> {
    const head = this.#head(slot);
    const { digest, manifest } = await readImage({
      source: this.#imageIn(slot, head),
      trusted,
      sink: verifyOnly,
    });
    if (digest === this.read().slots[slot]?.digest) return manifest;
    throw new ImageRefused("wrong-content", "it is not the image that the record names");
  }

  /** The manifest in a slot, unverified. @throws ImageRefused, SmallFileError */
  manifestOf(slot: SlotName): ImageManifest {
    return manifestIn(this.#head(slot));
  }

  #head(slot: SlotName): Buffer {
    const head = this.headIn(slot);
    if (head === undefined) throw new ImageRefused("wrong-length", "it has no manifest");
    return head;
  }

  #headPath(slot: SlotName): string {
    return join(this.folder, `${slot}.image`);
  }

  /**
   * Parses the manifest for its paths only when the reader requests more: it has verified the signature by
   * then.
   */
  async *#imageIn(slot: SlotName, head: Buffer): AsyncGenerator<Uint8Array> {
    yield head;
    for (const [at, file] of manifestIn(head).files.entries()) {
      yield* this.#contentOf(slot, file);
      if (at % filesPerTurn === 0) await this.#files.turn();
    }
  }

  /**
   * Exactly the bytes that the file should have, so that bytes missing in one file are not taken from the
   * next.
   */
  async *#contentOf(slot: SlotName, { path, size }: ImageFile): AsyncGenerator<Uint8Array> {
    let length = 0;
    try {
      for await (const chunk of this.#files.chunks(join(this.programIn(slot), path))) {
        length += chunk.length;
        if (length > size) break;
        yield chunk;
      }
    } catch (error) {
      const why = `${path} cannot be read (${messageOf(error)})`;
      throw new ImageRefused("wrong-content", why, { cause: error });
    }
    if (length !== size)
      throw new ImageRefused("wrong-content", `${path} does not have the length in the manifest`);
  }

  /**
   * Changes the record first, so that a partly removed slot counts as empty.
   * @param check of the record without that slot; what it throws leaves the slot as it is
   */
  async #clear(slot: SlotName, check: (empty: SlotsState) => void): Promise<void> {
    await this.change((state) => {
      if (freeSlot(state) !== slot) throw alreadyOnTrial();
      const empty = emptied(state, slot);
      check(empty);
      return empty;
    });
    await this.#files.remove(this.#headPath(slot));
    await this.#files.remove(this.programIn(slot));
    await this.#files.makeFolder(this.programIn(slot));
  }

  /** Not on the disk yet when it resolves; `syncAll` follows. */
  async #writeFile(path: string, file: ImageFile, content: AsyncIterable<Uint8Array>): Promise<void> {
    const written = await this.#files.create(path, file.executable === 1);
    try {
      for await (const chunk of content) await written.write(chunk);
    } finally {
      await written.close();
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

const isSame = (one: SlotsState | undefined, other: SlotsState): boolean => equalJson(one, other);

const manifestIn = (head: Buffer): ImageManifest => readManifest(head.subarray(head.indexOf(0x0a) + 1));

const alreadyOnTrial = (): ImageRefused =>
  new ImageRefused("on-trial", "another update is on trial: wait for its outcome");

/** The part of the record that excludes images: the failed ones, and the counters that must not decrease. */
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
