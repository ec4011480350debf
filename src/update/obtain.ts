/**
 * Installs an assigned image in the free slot: by a delta where that is possible, otherwise as a whole.
 *
 * Guarantee: the image is read and verified in the same way either way. A delta that cannot be used only
 * wastes its download: the whole image is downloaded then, and the reason is logged.
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
import type { InstallChecks, SlotStore } from "./slots/slot-store.ts";
import { freeSlot } from "./slots/slots.ts";
import type { Assignment, ImageLocation } from "./source.ts";
import { DownloadError } from "./transport/download-error.ts";

export interface ObtainOptions {
  readonly downloader: Downloader;
  readonly store: SlotStore;
  readonly files: SlotFiles;
  readonly trusted: readonly TrustedKey[];
  readonly target: Omit<Target, "counterFloor" | "installed" | "failed">;
  readonly checks?: InstallChecks | undefined;
  readonly deltas: "when-possible" | "never";
  /** Logs why a delta is not used. */
  readonly note: (event: string, fields: LogFields) => void;
}

/** A complete download with the size and hash that its source named; not verified yet. */
export interface Fetched {
  readonly path: string;
  /** `undefined`: the image itself. */
  readonly delta: DeltaOffer | undefined;
}

export type Installed = Awaited<ReturnType<SlotStore["install"]>>;

/**
 * Downloads the delta or the image, unless it is on the disk already.
 * @throws DownloadError, the signal's reason
 */
export async function fetchAssigned(
  assignment: Assignment & WithDelta,
  options: ObtainOptions,
  control: FetchControl,
): Promise<Fetched> {
  const { downloader, note } = options;
  const { delta, image } = assignment;
  if (delta !== undefined) {
    const why = await reasonAgainstDelta(delta, assignment, options);
    try {
      if (why === undefined) {
        const { path } = await downloader.fetch(delta.file, { ...control, room: roomFor(image, options) });
        return { path, delta };
      }
      note("delta-not-used", { why });
    } catch (error) {
      if (!(error instanceof DownloadError) || error.isTemporary) throw error;
      note("delta-not-used", { why: `${error.code}: ${error.message}` });
    }
  }
  const { path } = await downloader.fetch(image, { ...control, room: roomFor(image, options) });
  return { path, delta: undefined };
}

/**
 * Installs a download; if its delta cannot be used, downloads the whole image first.
 * @throws ImageRefused, DownloadError, the signal's reason; the disk's error
 */
export async function installFetched(
  fetched: Fetched,
  assignment: Assignment & WithDelta,
  options: ObtainOptions,
  control: FetchControl,
): Promise<Installed> {
  const { downloader, store, files, trusted, target, checks, note } = options;
  try {
    const installed = await store.install(chunksOf(fetched, options), trusted, target, checks);
    await downloader.discard();
    return installed;
  } catch (error) {
    if (fetched.delta !== undefined && isFaultOfDelta(error)) {
      note("delta-not-used", { why: error.message });
      const { delta: _, ...whole } = assignment;
      return installFetched(await fetchAssigned(whole, options, control), whole, options, control);
    }
    // During a trial the file is kept: it is installed after the trial.
    if (error instanceof ImageRefused && error.code !== "on-trial") await downloader.discard();
    throw error;
  }

  function chunksOf({ path, delta }: Fetched, { store }: ObtainOptions): AsyncIterable<Uint8Array> {
    return delta === undefined
      ? files.chunks(path)
      : rebuild(files.chunks(path), imageInSlot(store, files), delta.to);
  }
}

/**
 * Space that the slot needs beyond its present content, so that no download starts that could not be
 * installed.
 */
function roomFor({ size }: ImageLocation, { store }: ObtainOptions): number {
  const slot = freeSlot(store.read());
  try {
    const head = slot && store.headIn(slot);
    const present = head === undefined ? 0 : readManifest(head.subarray(head.indexOf(0x0a) + 1)).totalBytes;
    return Math.max(0, size - present);
  } catch {
    // Damaged: its present size is unknown.
    return size;
  }
}

async function reasonAgainstDelta(
  { from, file }: DeltaOffer,
  { image }: Assignment,
  { deltas, store, files }: ObtainOptions,
): Promise<string | undefined> {
  if (deltas === "never") return "the settings forbid it";
  if (file.size >= image.size) return "it is no smaller than the image";
  if (!(await canUseDictionary())) return `Node.js ${process.versions.node} cannot unpack one`;
  try {
    return imageInSlot(store, files).digest === from
      ? undefined
      : "it is for a different image from the installed one";
  } catch (error) {
    if (error instanceof DeltaError || error instanceof ImageRefused) return error.message;
    throw error;
  }
}

/**
 * Refusals that a damaged delta or base can cause. If the image itself is at fault, the whole image is
 * refused with the same code.
 */
const contentCodes: readonly RefusalCode[] = [
  "not-an-image",
  "newer-format",
  "bad-signature",
  "invalid-manifest",
  "wrong-content",
  "wrong-length",
  "too-large",
];
const isFaultOfDelta = (error: unknown): error is Error =>
  error instanceof DeltaError || (error instanceof ImageRefused && contentCodes.includes(error.code));
