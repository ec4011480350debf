/**
 * Folder delta/: makes an image from an older one and the differences, file by file.
 *
 *     grove-heater-delta 1 <length of the plan>\n
 *     <plan: JSON>
 *     <pieces: that of the image's head, then those of the plan's files, without gaps>
 *
 * Files whose SHA-256 is in the older image's manifest are copied and are not in the plan. The others are compressed,
 * with a file of the older image as dictionary where that helps.
 *
 * Guarantee: a delta is not trusted: the image rebuilt from it is verified like any other, signature and
 * hashes included. Its sizes are limited before it is read.
 */
import { readText } from "../../base/schema/schema.ts";
import { list, strictObject } from "../../base/schema/structures.ts";
import { boolean, integer, nullable, string } from "../../base/schema/values.ts";
import { maxHeaderBytes } from "../image/image-header.ts";
import { type ImageManifest, maxImageBytes, maxManifestBytes } from "../image/image-manifest.ts";

/** A larger file is not held in memory, and so not compressed. */
export const maxInMemory = 16 * 1024 * 1024;
const maxPlanBytes = 4 * 1024 * 1024;
const maxHeadBytes = maxHeaderBytes + maxManifestBytes;
const line = /^grove-heater-delta 1 (\d{1,7})$/;
export const maxLineBytes = 40;

const planSchema = strictObject({
  /** Digest of the older image. */
  from: string(undefined, 64),
  /** Each `length` is that of a piece: bytes in the delta file. */
  head: strictObject({ length: integer(1, maxInMemory), size: integer(1, maxHeadBytes) }),
  files: list(
    strictObject({
      length: integer(0, maxImageBytes),
      path: string(undefined, 240),
      /** The older image's file that is the dictionary. */
      base: nullable(string(undefined, 240)),
      packed: boolean,
    }),
    20_000,
  ),
});

export interface DeltaPlan {
  readonly from: string;
  readonly head: { readonly length: number; readonly size: number };
  readonly files: readonly DeltaPiece[];
}
export interface DeltaPiece {
  readonly length: number;
  readonly path: string;
  readonly base: string | null;
  readonly packed: boolean;
}

/** The image that a delta starts from. */
export interface BaseImage {
  /** SHA-256 of its manifest. */
  readonly digest: string;
  /** Its header and manifest. */
  readonly head: Buffer;
  readonly manifest: ImageManifest;
  content(path: string): AsyncIterable<Uint8Array>;
}

/** An expected failure: the whole image is fetched instead. */
export class DeltaError extends Error {
  override readonly name = "DeltaError";
}

export function planBytes(plan: DeltaPlan): Buffer {
  const text = Buffer.from(`${JSON.stringify(plan)}\n`);
  return Buffer.concat([Buffer.from(`grove-heater-delta 1 ${text.length}\n`), text]);
}

/** @param text the first line, without its end. @returns bytes of the plan. @throws DeltaError */
export function planLength(text: string): number {
  const length = Number(line.exec(text)?.[1] ?? Number.NaN);
  if (length <= maxPlanBytes) return length;
  throw new DeltaError("its first line is not that of a supported delta");
}

/** @throws DeltaError */
export function readPlan(bytes: Buffer): DeltaPlan {
  const plan = readText(planSchema, bytes.toString("utf8"));
  if (plan !== undefined) return plan;
  throw new DeltaError("its plan is invalid");
}

/** Paths by SHA-256, to find the files that are copied. */
export const pathsByContent = ({ files }: ImageManifest): ReadonlyMap<string, string> =>
  new Map(files.map(({ sha256, path }) => [sha256, path]));
