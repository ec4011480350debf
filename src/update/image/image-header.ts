/**
 * The beginning of an image file:
 *
 *     grove-heater-image 1 <length of the manifest> <key id> <signature in base64>\n
 *     <manifest>
 *     <the files' contents, in the manifest's order, without gaps>
 *
 * This is deliberately not an archive format: a device would have to refuse everything that an archive can
 * express beyond this list (links, owners, a path twice). An unsigned image has "-" for key id and signature.
 */
import { imageFormat, maxManifestBytes } from "./image-manifest.ts";
import { ImageRefused } from "./refusal.ts";

/** A kind of signed document: its first line names its kind, length and signing key. */
export interface SignedKind {
  readonly magic: string;
  readonly format: number;
  /** Maximum number of bytes of the signed text. */
  readonly limit: number;
}

const imageKind: SignedKind = {
  magic: "grove-heater-image",
  format: imageFormat,
  limit: maxManifestBytes,
};
/** Longest header line: name, format, length, key id, a signature of 64 bytes. */
export const maxHeaderBytes = 256;

export interface ImageHeader {
  readonly manifestLength: number;
  /** `undefined`: not signed. */
  readonly signature: { readonly keyId: string; readonly bytes: Buffer } | undefined;
}

export function headerLine(
  { manifestLength, signature }: ImageHeader,
  { magic, format }: SignedKind = imageKind,
): string {
  const signer = signature === undefined ? "- -" : `${signature.keyId} ${signature.bytes.toString("base64")}`;
  return `${magic} ${format} ${manifestLength} ${signer}\n`;
}

const line = /^([a-z-]{1,40}) (\d{1,4}) (\d{1,9}) (?:- -|([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==))$/;

/** @param text the line without its end. @throws ImageRefused "not-an-image", "newer-format", "too-large" */
export function readHeader(text: string, kind: SignedKind = imageKind): ImageHeader {
  const [, magic, format, length, keyId, signature] = line.exec(text) ?? [];
  const what = kind === imageKind ? "a firmware image" : `a ${kind.magic}`;
  if (magic === kind.magic && Number(format) > kind.format) {
    throw new ImageRefused("newer-format", `it has format ${format}; this firmware reads ${kind.format}`);
  }
  if (magic !== kind.magic || Number(format) !== kind.format) {
    throw new ImageRefused("not-an-image", `it does not begin as ${what}`);
  }
  const manifestLength = Number(length);
  if (manifestLength > kind.limit) {
    throw new ImageRefused("too-large", `its signed text has ${manifestLength} bytes; at most ${kind.limit}`);
  }
  if (keyId === undefined || signature === undefined) return { manifestLength, signature: undefined };
  return { manifestLength, signature: { keyId, bytes: Buffer.from(signature, "base64") } };
}
