/**
 * Makes a delta: on the owner's computer, which has time to search the best dictionary for each file.
 *
 * Guarantee: the same two images give the same delta, with the same Node.js; the publisher verifies it with
 * `checkDelta`.
 */
import { createHash } from "node:crypto";
import { extname } from "node:path";
import type { NewFile } from "../../base/files/atomic-file.ts";
import type { ImageFile, ImageManifest } from "../image/image-manifest.ts";
import {
  type BaseImage,
  DeltaError,
  type DeltaPiece,
  maxInMemory,
  pathsByContent,
  planBytes,
} from "./delta-format.ts";
import { rebuild, wholeOf } from "./rebuild.ts";
import { pack } from "./zstd.ts";

/** So many removed files are tried as the dictionary of a renamed file. */
const maxCandidates = 6;

interface MadePiece {
  readonly piece: DeltaPiece;
  /** `undefined`: the file's own bytes. */
  readonly bytes: Buffer | undefined;
}

/**
 * Writes the delta from one image to another.
 * @returns size and SHA-256 of the delta. @throws ZstdError, what the images or `to` throw
 */
export async function makeDelta(
  from: BaseImage,
  image: BaseImage,
  to: NewFile,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const copies = pathsByContent(from.manifest);
  const head = await pack(image.head, from.head);
  const made: MadePiece[] = [];
  for (const file of image.manifest.files) {
    if (!copies.has(file.sha256)) made.push(await bestPiece(file, from, image));
  }
  const plan = {
    from: from.digest,
    head: { length: head.length, size: image.head.length },
    files: made.map(({ piece }) => piece),
  };
  const hash = createHash("sha256");
  let size = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    size += bytes.length;
    await to.write(bytes);
  };
  await write(planBytes(plan));
  await write(head);
  for (const { piece, bytes } of made) {
    if (bytes !== undefined) await write(bytes);
    else for await (const chunk of image.content(piece.path)) await write(chunk);
  }
  return { size, sha256: hash.digest("hex") };
}

/**
 * @param delta the delta's bytes, from the disk
 * @param sha256 of all bytes of the image
 * @throws DeltaError when the delta does not give that image
 */
export async function checkDelta(
  delta: AsyncIterable<Uint8Array>,
  from: BaseImage,
  image: BaseImage,
  sha256: string,
): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of rebuild(delta, from, image.digest)) hash.update(chunk);
  if (hash.digest("hex") !== sha256) throw new DeltaError("it makes another image");
}

async function bestPiece(file: ImageFile, from: BaseImage, image: BaseImage): Promise<MadePiece> {
  const { path, size } = file;
  const uncompressed: MadePiece = {
    piece: { length: size, path, base: null, packed: false },
    bytes: undefined,
  };
  if (size > maxInMemory) return uncompressed;
  const content = await wholeOf(image.content(path), size);
  let [best, bestBase] = [await pack(content, undefined), null as string | null];
  for (const base of candidates(file, from.manifest, image.manifest)) {
    const packed = await pack(content, await wholeOf(from.content(base.path), base.size));
    if (packed.length < best.length) [best, bestBase] = [packed, base.path];
  }
  if (best.length >= size) return uncompressed;
  return { piece: { length: best.length, path, base: bestBase, packed: true }, bytes: best };
}

/**
 * The file of the same path; otherwise removed files of the same type, nearest in size first, since bundlers
 * rename changed files.
 */
function candidates(file: ImageFile, from: ImageManifest, image: ImageManifest): readonly ImageFile[] {
  const usable = from.files.filter(({ size }) => size > 0 && size <= maxInMemory);
  const same = usable.find(({ path }) => path === file.path);
  if (same !== undefined) return [same];
  const remaining = new Set(image.files.map(({ path }) => path));
  const sizeDifference = ({ size }: ImageFile): number => Math.abs(size - file.size);
  return usable
    .filter(({ path }) => !remaining.has(path) && extname(path) === extname(file.path))
    .sort((a, b) => sizeDifference(a) - sizeDifference(b) || (a.path < b.path ? -1 : 1))
    .slice(0, maxCandidates);
}
