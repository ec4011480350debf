/**
 * Signs an image: on the owner's computer, apart from the build, so that the key need not be where the build runs.
 *
 * Guarantee: signs only an image whose every file is as its manifest says. The manifest then names this key,
 * so that the signature cannot be presented as another key's.
 */
import { sign } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { headerLine } from "./image-header.ts";
import { type ImageManifest, manifestBytes } from "./image-manifest.ts";
import { readImage, verifyOnly } from "./image-reader.ts";
import type { SigningKey } from "./keys.ts";

/** Writes the signed image to `to`. @throws ImageRefused; the system's error, EEXIST for a file that is there */
export async function signImage(from: string, to: string, key: SigningKey): Promise<ImageManifest> {
  const { manifest, head } = await readImage({
    source: createReadStream(from),
    trusted: "any",
    sink: verifyOnly,
  });
  const named: ImageManifest = { ...manifest, keyId: key.id };
  const bytes = manifestBytes(named);
  const signature = { keyId: key.id, bytes: sign(null, bytes, key.privateKey) };
  await pipeline(
    async function* () {
      yield Buffer.from(headerLine({ manifestLength: bytes.length, signature }));
      yield bytes;
      yield* createReadStream(from, { start: head.length });
    },
    createWriteStream(to, { flags: "wx", mode: 0o644 }),
  );
  return named;
}
