/** Small signed images in memory, and the keys that signed them. */
import { createHash, sign } from "node:crypto";
import type { Machine } from "../../src/update/image/fitness.ts";
import { headerLine } from "../../src/update/image/image-header.ts";
import { type ImageManifest, manifestBytes } from "../../src/update/image/image-manifest.ts";
import { newKeyPair, readPublicKey, readSigningKey, type TrustedKey } from "../../src/update/image/keys.ts";

const owner = newKeyPair();
export const { publicPem } = owner;
export const signing = readSigningKey(owner.privatePem);
export const trusted: readonly TrustedKey[] = [readPublicKey(owner.publicPem)];

export const thisDevice: Machine = {
  node: "20.20.2",
  abi: 115,
  architecture: "arm64",
  platform: "linux",
  stateVersion: 1,
  protocols: [1],
};

const contents: Readonly<Record<string, string>> = {
  "dist/loop.js": "heat();\n",
  "dist/main.js": "guard();\n",
  "node_modules/a/index.js": "module.exports = 1;\n",
};

/** An image of release `counter`. */
export function imageOf(counter: number, changes: Partial<ImageManifest> = {}): Buffer {
  const files = Object.entries(contents).map(([path, text]) => [path, Buffer.from(`// ${counter}\n${text}`)]);
  return imageOfFiles(counter, Object.fromEntries(files), changes);
}

/** One of these files. */
export function imageOfFiles(
  counter: number,
  files: Readonly<Record<string, Buffer>>,
  changes: Partial<ImageManifest> = {},
): Buffer {
  const payloads = Object.entries(files).map(([path, bytes]) => ({ path, bytes }));
  const manifest: ImageManifest = {
    format: 1,
    product: "grove-heater",
    version: `0.${counter}.0`,
    counter,
    builtAt: 1_790_000_000,
    node: { min: "20.19.0", below: "25.0.0" },
    native: null,
    state: { reads: 1, writes: 1 },
    totalBytes: payloads.reduce((sum, { bytes }) => sum + bytes.length, 0),
    keyId: signing.id,
    files: payloads.map(({ path, bytes }) => ({
      path,
      size: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    })),
    ...changes,
  };
  const bytes = manifestBytes(manifest);
  const signature = { keyId: signing.id, bytes: sign(null, bytes, signing.privateKey) };
  const header = Buffer.from(headerLine({ manifestLength: bytes.length, signature }));
  return Buffer.concat([header, bytes, ...payloads.map((payload) => payload.bytes)]);
}

export async function* stream(bytes: Uint8Array, size = 64): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}
