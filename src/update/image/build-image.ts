/**
 * Makes an image of a folder: the installed program with its production packages.
 *
 * Guarantee: the same files give the same bytes, whatever their order on the disk, their times and their owner.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { compareVersions } from "../../base/version.ts";
import { headerLine } from "./image-header.ts";
import {
  type ImageFile,
  type ImageManifest,
  isSafePath,
  manifestBytes,
  maxImageBytes,
} from "./image-manifest.ts";
import { ImageRefused } from "./refusal.ts";

/** The manifest without the list of files. */
export type ImageFacts = Omit<ImageManifest, "files" | "totalBytes" | "format" | "keyId">;

/** The Node.js versions on which releases are tested. */
const testedNode = { min: "20.19.0", below: "25.0.0" };

/**
 * For which Node.js an image is: those that are tested, and up to the one that builds it, which would otherwise refuse its
 * own image.
 * @param builder `process.versions.node`
 */
export function nodeRange(builder: string): ImageManifest["node"] {
  const { min, below } = testedNode;
  const next = `${Number.parseInt(builder, 10) + 1}.0.0`;
  return { min, below: compareVersions(next, below) > 0 ? next : below };
}

/** @param keyId of the key that will sign it. @throws ImageRefused */
export async function describeFolder(
  folder: string,
  facts: ImageFacts,
  keyId: string,
): Promise<ImageManifest> {
  const files: ImageFile[] = [];
  for (const path of await pathsIn(folder)) files.push(await describeFile(folder, path));
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  if (totalBytes > maxImageBytes) {
    throw new ImageRefused(
      "too-large",
      `${folder} has ${totalBytes} bytes; an image may have at most ${maxImageBytes}`,
    );
  }
  return { format: 1, ...facts, totalBytes, keyId, files };
}

/** Sorted by code unit, so that no locale changes the order. */
async function pathsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(folder.length).replace(/^\/+/, "");
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw rejected(path, "is not a regular file (a link?)");
    if (!isSafePath(path)) throw rejected(path, "has a name that not every file system can hold");
    paths.push(path);
  }
  return paths.sort((a, b) => (a < b ? -1 : 1));
}

async function describeFile(folder: string, path: string): Promise<ImageFile> {
  const { mode } = await lstat(join(folder, path));
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(join(folder, path))) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  const executable = (mode & 0o100) !== 0 ? ({ executable: 1 } as const) : {};
  return { path, size, sha256: hash.digest("hex"), ...executable };
}

const rejected = (path: string, why: string): ImageRefused =>
  new ImageRefused("invalid-manifest", `${JSON.stringify(path)} ${why}: leave it out of the image`);

/** Writes the image file, unsigned: sign-image.ts puts the signature into its header. */
export async function writeImage(folder: string, manifest: ImageManifest, to: string): Promise<void> {
  const bytes = manifestBytes(manifest);
  await pipeline(
    async function* () {
      yield Buffer.from(headerLine({ manifestLength: bytes.length, signature: undefined }));
      yield bytes;
      for (const { path } of manifest.files) yield* createReadStream(join(folder, path));
    },
    createWriteStream(to, { flags: "wx", mode: 0o644 }),
  );
}
