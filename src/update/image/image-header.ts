/**
 * The beginning of an image file:
 *
 *     grove-heater-image 1 <length of the manifest> <key id> <signature in base64>\n
 *     <manifest>
 *     <the files' contents, in the manifest's order, without gaps>
 *
 * No archive format: what an archive could express beyond this list (links, owners, paths twice) is what a device would
 * have to refuse. An unsigned image has "-" for key id and signature.
 */
import { imageFormat, maxManifestBytes } from "./image-manifest.ts";
import { ImageRefused } from "./refusal.ts";

const magic = "grove-heater-image";
/** Longest header line: name, format, length, key id, a signature of 64 bytes. */
export const maxHeaderBytes = 256;

export interface ImageHeader {
  readonly manifestLength: number;
  /** `undefined`: not signed. */
  readonly signature: { readonly keyId: string; readonly bytes: Buffer } | undefined;
}

export function headerLine({ manifestLength, signature }: ImageHeader): string {
  const by = signature === undefined ? "- -" : `${signature.keyId} ${signature.bytes.toString("base64")}`;
  return `${magic} ${imageFormat} ${manifestLength} ${by}\n`;
}

const line = /^grove-heater-image (\d{1,4}) (\d{1,9}) (?:- -|([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==))$/;

/** @param text the line without its end. @throws ImageRefused "not-an-image", "newer-format", "too-large" */
export function readHeader(text: string): ImageHeader {
  const found = line.exec(text);
  const [, format, length, keyId, signature] = found ?? [];
  if (Number(format) > imageFormat) {
    throw new ImageRefused(
      "newer-format",
      `the image has format ${format}; this firmware reads ${imageFormat}`,
    );
  }
  if (found === null || Number(format) !== imageFormat) {
    throw new ImageRefused("not-an-image", "it does not begin as a firmware image");
  }
  const manifestLength = Number(length);
  if (manifestLength > maxManifestBytes) {
    throw new ImageRefused(
      "too-large",
      `its manifest has ${manifestLength} bytes; at most ${maxManifestBytes}`,
    );
  }
  if (keyId === undefined || signature === undefined) return { manifestLength, signature: undefined };
  return { manifestLength, signature: { keyId, bytes: Buffer.from(signature, "base64") } };
}
