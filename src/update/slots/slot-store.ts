/**
 * The slots on the disk: the record of their state, and the images that they hold.
 *
 *     <folder>/slots.json      the record, with a checksum; slots.copy.json is written after it
 *     <folder>/a/, <folder>/b/ the files of an image, and a.image, b.image: its header and signed manifest
 *
 *     <folder>/record.lock, install.lock   locks of the kernel's, for whoever writes
 *
 * Guarantees: a cut at any operation leaves the record of before or after, and a record never names an image that is not
 * whole on the disk. Several processes may write: `change` holds a lock from its reading to its writing, so that nobody
 * overwrites what another one wrote; one installation runs at a time.
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
import { readImage, verifyOnly } from "../image/image-reader.ts";
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
/** Small ones are read at once, in a few milliseconds together. */
const filesInATurn = 32;
/** A start decides with the lock held, and verifies a whole slot meanwhile. */
const recordLimit = seconds(60);
/** Another installation takes minutes: whoever comes second comes again later. */
const installLimit = seconds(0);
/** In the order of writing: after a cut the first is the newer one. */
export const recordNames = ["slots.json", "slots.copy.json"] as const;

/** Told of the image before the first file is written: throws where there is no room for it. */
export type CheckRoom = (manifest: ImageManifest) => Promise<void> | void;

export interface InstalledImage {
  readonly slot: SlotName;
  readonly image: SlotImage;
  readonly state: SlotsState;
}

interface FillOptions {
  readonly source: AsyncIterable<Uint8Array>;
  readonly trusted: readonly TrustedKey[];
  readonly checkRoom: CheckRoom;
}

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

  /**
   * Changes the record: reads it, applies `how`, and writes what comes of it, with nobody else writing in between. A record
   * that stays as it was, and is whole, is not written. Resolves when it is on the disk.
   * @returns the record as it is now. @throws SlotsBusy, what `how` throws, the system's error
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

  /** A record or its copy that rots is written again, as long as the other one is there. */
  #isDamaged(state: SlotsState): boolean {
    const found = recordNames.map((name) => this.#readRecord(join(this.folder, name)));
    return found.some(Boolean) && !found.every((record) => isSame(record, state));
  }

  /** The record's copy too: one that rots must not bring an older floor back. */
  async #write(state: SlotsState): Promise<void> {
    for (const name of recordNames) await replaceChecked(this.#files, join(this.folder, name), state);
  }

  /** The folder with the program of a slot. */
  programIn(slot: SlotName): string {
    return join(this.folder, slot);
  }

  /** Header and signed manifest of the image in a slot, as they were installed. @throws SmallFileError */
  headIn(slot: SlotName): Buffer | undefined {
    return this.#files.read(this.#headOf(slot), maxHeaderBytes + maxManifestBytes);
  }

  /**
   * Reads an image from a stream into the free slot. The record then names it; nothing starts it yet.
   * @throws ImageRefused, SlotsBusy, or what the source or the disk throws: the slot is empty then, what runs is untouched
   */
  async install(
    source: AsyncIterable<Uint8Array>,
    trusted: readonly TrustedKey[],
    machine: Machine,
    checkRoom: CheckRoom = () => {},
  ): Promise<InstalledImage> {
    await this.#files.makeFolder(this.folder);
    const unlock = await this.#files.lock(join(this.folder, "install.lock"), installLimit);
    try {
      const { slot, empty } = await this.#clearFree();
      try {
        return await this.#fill(slot, { ...machine, ...history(empty) }, { source, trusted, checkRoom });
      } catch (error) {
        // A slot that holds no image takes no room; the next installation clears it again.
        await this.#files.remove(this.programIn(slot)).catch(() => undefined);
        throw error;
      }
    } finally {
      unlock();
    }
  }

  async #fill(
    slot: SlotName,
    target: Target,
    { source, trusted, checkRoom }: FillOptions,
  ): Promise<InstalledImage> {
    const folders = new Set([this.programIn(slot)]);
    const { manifest, digest, head } = await readImage({
      source,
      trusted,
      sink: {
        async manifest(manifest, digest) {
          checkFits(manifest, digest, target);
          await checkRoom(manifest);
        },
        file: async (file, content) => {
          const path = join(this.programIn(slot), file.path);
          const folder = dirname(path);
          if (!folders.has(folder)) await this.#files.makeFolder(folder);
          folders.add(folder);
          await this.#writeFile(path, file, content);
        },
      },
    });
    // Before anything names it: no file of it was waited for so far.
    await this.#files.syncAll(this.programIn(slot));
    await writeWhole(this.#files, this.#headOf(slot), [head]);
    await this.#files.syncFolder(this.folder);
    const image: SlotImage = { digest, version: manifest.version, counter: manifest.counter };
    const state = await this.change((state) => {
      if (freeSlot(state) !== slot) throw onTrialAlready();
      return installed(state, slot, image);
    });
    return { slot, image, state };
  }

  /**
   * Reads every file of a slot.
   * @returns its manifest. @throws ImageRefused when one is not as the manifest says, when nobody whom `trusted` has signed
   *   that, or when it is not the recorded image; the system's error
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

  /** What a slot says of itself, unverified. @throws ImageRefused, SmallFileError */
  manifestOf(slot: SlotName): ImageManifest {
    return manifestIn(this.#head(slot));
  }

  #head(slot: SlotName): Buffer {
    const head = this.headIn(slot);
    if (head === undefined) throw new ImageRefused("wrong-length", "it has no manifest");
    return head;
  }

  #headOf(slot: SlotName): string {
    return join(this.folder, `${slot}.image`);
  }

  /** The manifest is read for its paths only when the reader asks for more: it has checked the signature by then. */
  async *#imageIn(slot: SlotName, head: Buffer): AsyncGenerator<Uint8Array> {
    yield head;
    for (const [at, file] of manifestIn(head).files.entries()) {
      yield* this.#contentOf(slot, file);
      if (at % filesInATurn === 0) await this.#files.turn();
    }
  }

  /** Exactly as many bytes as the file should have: what is missing in one is not to be read from the next. */
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
      throw new ImageRefused("wrong-content", `${path} has not the length that was signed`);
  }

  /** The record says so first: a slot that is half removed holds no image. */
  async #clearFree(): Promise<{ readonly slot: SlotName; readonly empty: SlotsState }> {
    let slot: SlotName | undefined;
    const empty = await this.change((state) => {
      slot = freeSlot(state);
      if (slot === undefined) throw onTrialAlready();
      return emptied(state, slot);
    });
    if (slot === undefined) throw onTrialAlready();
    await this.#files.remove(this.#headOf(slot));
    await this.#files.remove(this.programIn(slot));
    await this.#files.makeFolder(this.programIn(slot));
    return { slot, empty };
  }

  /** Not on the disk yet when it resolves: `syncAll` is for that. */
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

const onTrialAlready = (): ImageRefused =>
  new ImageRefused("on-trial", "another update is on trial: wait for its outcome");

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
