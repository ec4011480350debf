/**
 * From an assignment to an image in the free slot: by a delta where that is possible, else as a whole.
 *
 * Guarantee: the image is read, verified and judged in the same way either way. A delta that cannot be used costs its
 * bytes and never the update: the whole image follows, and the reason is noted.
 */
import type { LogFields } from "../base/log.ts";
import { imageInSlot } from "./delta/base-image.ts";
import { DeltaError } from "./delta/delta-format.ts";
import type { DeltaOffer, WithDelta } from "./delta/offer.ts";
import { rebuild } from "./delta/rebuild.ts";
import { canUseDictionary } from "./delta/zstd.ts";
import type { Downloader, FetchControl } from "./download/download.ts";
import type { Target } from "./image/fitness.ts";
import { readManifest } from "./image/image-manifest.ts";
import type { TrustedKey } from "./image/keys.ts";
import { ImageRefused, type RefusalCode } from "./image/refusal.ts";
import type { SlotFiles } from "./slots/slot-files.ts";
import type { CheckRoom, SlotStore } from "./slots/slot-store.ts";
import { freeSlot } from "./slots/slots.ts";
import type { Assignment, ImageLocation } from "./source.ts";
import { DownloadError } from "./transport/download-error.ts";

export interface ObtainOptions {
  readonly downloader: Downloader;
  readonly store: SlotStore;
  readonly files: SlotFiles;
  readonly trusted: readonly TrustedKey[];
  readonly target: Omit<Target, "counterFloor" | "installed" | "failed">;
  /** Whether there is room for it in the slot. */
  readonly checkRoom?: CheckRoom | undefined;
  readonly deltas: "when-possible" | "never";
  /** Into the log: how an image comes, and why not by its delta. */
  readonly note: (event: string, fields: LogFields) => void;
}

/** What is on the disk, whole and as its source said; not verified yet. */
export interface Fetched {
  readonly path: string;
  /** `undefined`: the image itself. */
  readonly delta: DeltaOffer | undefined;
}

export type Installed = Awaited<ReturnType<SlotStore["install"]>>;

/** Downloads. What is here already is not fetched again. @throws DownloadError, the signal's reason */
export async function fetchAssigned(
  assignment: Assignment & WithDelta,
  options: ObtainOptions,
  control: FetchControl,
): Promise<Fetched> {
  const { downloader, note } = options;
  const { delta, image } = assignment;
  if (delta !== undefined) {
    const why = await whyNoDelta(delta, assignment, options);
    try {
      if (why === undefined) {
        const { path } = await downloader.fetch(delta.file, { ...control, room: roomFor(image, options) });
        return { path, delta };
      }
      note("delta-not-used", { why });
    } catch (error) {
      if (!(error instanceof DownloadError) || error.isPassing) throw error;
      note("delta-not-used", { why: `${error.code}: ${error.message}` });
    }
  }
  const { path } = await downloader.fetch(image, { ...control, room: roomFor(image, options) });
  return { path, delta: undefined };
}

/**
 * Installs what was fetched; fetches the whole image where its delta is of no use.
 * @throws ImageRefused, DownloadError, the signal's reason; the disk's error
 */
export async function installFetched(
  fetched: Fetched,
  assignment: Assignment & WithDelta,
  options: ObtainOptions,
  control: FetchControl,
): Promise<Installed> {
  const { downloader, store, files, trusted, target, checkRoom, note } = options;
  try {
    const installed = await store.install(chunksOf(fetched, options), trusted, target, checkRoom);
    await downloader.discard();
    return installed;
  } catch (error) {
    if (fetched.delta !== undefined && isOfTheDelta(error)) {
      note("delta-not-used", { why: error.message });
      const { delta: _, ...whole } = assignment;
      return installFetched(await fetchAssigned(whole, options, control), whole, options, control);
    }
    // A trial ends, and then the file is wanted.
    if (error instanceof ImageRefused && error.code !== "on-trial") await downloader.discard();
    throw error;
  }

  function chunksOf({ path, delta }: Fetched, { store }: ObtainOptions): AsyncIterable<Uint8Array> {
    return delta === undefined
      ? files.chunks(path)
      : rebuild(files.chunks(path), imageInSlot(store, files), delta.to);
  }
}

/** What the slot takes beyond what it holds now: a download that could not be installed is not begun. */
function roomFor({ size }: ImageLocation, { store }: ObtainOptions): number {
  const slot = freeSlot(store.read());
  try {
    const head = slot && store.headIn(slot);
    const held = head === undefined ? 0 : readManifest(head.subarray(head.indexOf(0x0a) + 1)).totalBytes;
    return Math.max(0, size - held);
  } catch {
    // Damaged: then nobody knows what it holds.
    return size;
  }
}

async function whyNoDelta(
  { from, file }: DeltaOffer,
  { image }: Assignment,
  { deltas, store, files }: ObtainOptions,
): Promise<string | undefined> {
  if (deltas === "never") return "the settings say so";
  if (file.size >= image.size) return "it is no smaller than the image";
  if (!(await canUseDictionary())) return `Node.js ${process.versions.node} cannot unpack one`;
  try {
    return imageInSlot(store, files).digest === from
      ? undefined
      : "it is for another image than the installed one";
  } catch (error) {
    if (error instanceof DeltaError || error instanceof ImageRefused) return error.message;
    throw error;
  }
}

/** What is wrong with the delta or its base, not with the image: of that the whole says the same. */
const ofTheContent: readonly RefusalCode[] = [
  "not-an-image",
  "newer-format",
  "bad-signature",
  "invalid-manifest",
  "wrong-content",
  "wrong-length",
  "too-large",
];
const isOfTheDelta = (error: unknown): error is Error =>
  error instanceof DeltaError || (error instanceof ImageRefused && ofTheContent.includes(error.code));
