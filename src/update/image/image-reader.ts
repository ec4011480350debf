/**
 * Reads an image from a stream: a file, a download, a USB stick.
 *
 * Guarantee: nothing of the manifest is parsed before its signature was verified, and no file is accepted
 * before its whole content matches its hash in the manifest. Memory is bounded by the manifest's limit,
 * whatever the stream delivers.
 */
import { createHash, verify } from "node:crypto";
import { ByteQueue } from "./byte-queue.ts";
import { type ImageHeader, maxHeaderBytes, readHeader } from "./image-header.ts";
import { type ImageFile, type ImageManifest, readManifest } from "./image-manifest.ts";
import type { TrustedKey } from "./keys.ts";
import { ImageRefused } from "./refusal.ts";

/** Where the files go; each method may throw, which ends the reading. */
export interface ImageSink {
  /**
   * Called once, with a manifest whose signature is good: reject here an image that does not fit this device. @param
   * digest its SHA-256
   */
  manifest(manifest: ImageManifest, digest: string): Promise<void> | void;
  /** In the manifest's order. `content` must be read to its end; it throws ImageRefused when the content is wrong. */
  file(file: ImageFile, content: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Reads all and keeps nothing: to verify an image. */
export const verifyOnly: ImageSink = {
  manifest() {},
  async file(_, content) {
    for await (const chunk of content) void chunk;
  },
};

export interface VerifiedImage {
  readonly manifest: ImageManifest;
  /** SHA-256 of the manifest's bytes: it identifies the image. */
  readonly digest: string;
  /** Header and manifest as they were read. The image is these, followed by the files' contents. */
  readonly head: Buffer;
}

export interface ReadImageOptions {
  readonly source: AsyncIterable<Uint8Array>;
  /** Keys that are trusted; "any" accepts every signer: to show an image, never to install it. */
  readonly trusted: readonly TrustedKey[] | "any";
  readonly sink: ImageSink;
}

/** Resolves once every byte was read and is as signed. @throws ImageRefused, or what source or sink throws */
export async function readImage({ source, trusted, sink }: ReadImageOptions): Promise<VerifiedImage> {
  const bytes = new ByteQueue(source);
  try {
    const line = await bytes.line(maxHeaderBytes);
    const header = readHeader(line);
    const signed = await bytes.exactly(header.manifestLength);
    if (trusted !== "any") checkSignature(header, signed, trusted);
    const manifest = readManifest(signed);
    if (trusted !== "any" && manifest.keyId !== header.signature?.keyId) {
      throw new ImageRefused("invalid-manifest", "its manifest names another key than its header");
    }
    const digest = createHash("sha256").update(signed).digest("hex");
    await sink.manifest(manifest, digest);
    for (const file of manifest.files) await sink.file(file, contentOf(file, bytes));
    await bytes.end();
    return { manifest, digest, head: Buffer.concat([Buffer.from(`${line}\n`), signed]) };
  } finally {
    await bytes.close();
  }
}

/** @throws ImageRefused: unsigned, unknown-key, bad-signature */
export function checkSignature(
  { signature }: ImageHeader,
  signed: Uint8Array,
  trusted: readonly TrustedKey[],
): void {
  if (signature === undefined) throw new ImageRefused("unsigned", "it is not signed");
  const key = trusted.find(({ id }) => id === signature.keyId);
  if (key === undefined) {
    const known = trusted.map(({ id }) => id).join(", ") || "no key at all";
    throw new ImageRefused(
      "unknown-key",
      `it is signed with key ${signature.keyId}; this device trusts ${known}`,
    );
  }
  if (!verify(null, signed, key.key, signature.bytes)) {
    throw new ImageRefused("bad-signature", `the signature of key ${key.id} does not match what it signs`);
  }
}

async function* contentOf(file: ImageFile, bytes: ByteQueue): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for (let left = file.size; left > 0; ) {
    const chunk = await bytes.some(left);
    hash.update(chunk);
    left -= chunk.length;
    yield chunk;
  }
  if (hash.digest("hex") !== file.sha256) {
    throw new ImageRefused("wrong-content", `the content of ${file.path} differs from the manifest`);
  }
}
