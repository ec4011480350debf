/**
 * Rebuilds an image from an older one and a delta, as a stream for the image reader.
 *
 * Guarantee: byte for byte the image that the delta was made for, or an error. A file of the older image is
 * used as a dictionary only if its SHA-256 is that in the old manifest, and an unpacked file is delivered
 * only if its SHA-256 is that in the new manifest. At most three files are in memory, each of at most
 * `maxInMemory`.
 */
import { createHash } from "node:crypto";
import { ByteQueue } from "../image/byte-queue.ts";
import type { ImageFile } from "../image/image-manifest.ts";
import { readManifest } from "../image/image-manifest.ts";
import {
  type BaseImage,
  DeltaError,
  type DeltaPiece,
  type DeltaPlan,
  maxInMemory,
  maxLineBytes,
  pathsByContent,
  planLength,
  readPlan,
} from "./delta-format.ts";
import { unpack, ZstdError } from "./zstd.ts";

/**
 * @param delta the delta's bytes
 * @param to expected digest of the new image
 * @throws DeltaError, ImageRefused, any error of `delta` or the base
 */
export async function* rebuild(
  delta: AsyncIterable<Uint8Array>,
  base: BaseImage,
  to: string,
): AsyncGenerator<Uint8Array> {
  const pieces = new ByteQueue(delta);
  try {
    const plan = readPlan(await pieces.exactly(planLength(await pieces.line(maxLineBytes))));
    if (plan.from !== base.digest) throw new DeltaError("it is for a different image from the installed one");
    const packed = await pieces.exactly(plan.head.length);
    const head = await unpacked(packed, base.head, plan.head.size, "the manifest");
    const signed = head.subarray(head.indexOf(0x0a) + 1);
    if (sha256(signed) !== to) throw new DeltaError("it makes a different image from the assigned one");
    yield head;
    // The reader asks for more only after it has verified the signature.
    const { files } = readManifest(signed);
    yield* contents(files, plan, base, pieces);
    await pieces.end();
  } finally {
    await pieces.close();
  }
}

async function* contents(
  files: readonly ImageFile[],
  plan: DeltaPlan,
  base: BaseImage,
  pieces: ByteQueue,
): AsyncGenerator<Uint8Array> {
  const copies = pathsByContent(base.manifest);
  let next = 0;
  for (const file of files) {
    const piece = plan.files[next];
    if (piece?.path === file.path) {
      next += 1;
      yield* fromPiece(file, piece, base, pieces);
      continue;
    }
    const path = copies.get(file.sha256);
    if (path === undefined) throw new DeltaError(`it contains nothing for ${file.path}`);
    yield* base.content(path);
  }
  if (next < plan.files.length) throw new DeltaError("it has more files than the image");
}

async function* fromPiece(
  file: ImageFile,
  piece: DeltaPiece,
  base: BaseImage,
  pieces: ByteQueue,
): AsyncGenerator<Uint8Array> {
  if (!piece.packed) {
    if (piece.length !== file.size) throw new DeltaError(`${file.path} has the wrong size in the delta`);
    for (let left = piece.length; left > 0; ) {
      const chunk = await pieces.some(left);
      left -= chunk.length;
      yield chunk;
    }
    return;
  }
  if (file.size > maxInMemory || piece.length > maxInMemory)
    throw new DeltaError(`${file.path} is too large in the delta`);
  const dictionary = piece.base === null ? undefined : await dictionaryOf(piece.base, base);
  const packed = await pieces.exactly(piece.length);
  const content = await unpacked(packed, dictionary, file.size, file.path);
  if (sha256(content) !== file.sha256) throw new DeltaError(`${file.path} has the wrong content`);
  yield content;
}

async function dictionaryOf(path: string, { manifest, content }: BaseImage): Promise<Buffer> {
  const file = manifest.files.find((each) => each.path === path);
  if (file === undefined || file.size > maxInMemory) throw new DeltaError(`${path} cannot be its dictionary`);
  const found = await wholeOf(content(path), file.size);
  if (found.length === file.size && sha256(found) === file.sha256) return found;
  throw new DeltaError(`the installed ${path} is damaged`);
}

async function unpacked(
  bytes: Buffer,
  dictionary: Buffer | undefined,
  size: number,
  what: string,
): Promise<Buffer> {
  try {
    return await unpack(bytes, dictionary, size);
  } catch (cause) {
    if (cause instanceof ZstdError)
      throw new DeltaError(`${what} cannot be unpacked: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Reads at most one chunk past `size`. */
export async function wholeOf(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    collected.push(chunk);
    length += chunk.length;
    if (length > size) break;
  }
  return Buffer.concat(collected);
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
