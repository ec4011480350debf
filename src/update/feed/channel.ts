/**
 * Folder feed/: updates from a folder on any web server or a USB stick: the file `channel`, and the files that it names.
 *
 * The channel file names the image that each group of units is to run. Text and signature are one file, so
 * that no mirror can serve one without the other:
 *
 *     grove-heater-channel 1 <length of the text> <key id> <signature in base64>\n
 *     <text: JSON>
 *
 * Guarantee: a unit parses the text only after its signature was verified; a channel that was read is of this product,
 * and names only files in its own folder. Its text cannot be taken for an image's manifest, nor the reverse, so a
 * signature of one is not valid for the other: each requires members that the other rejects as unknown.
 */
import { createHash, sign } from "node:crypto";
import { earliestWallTime, latestWallTime } from "../../base/clock.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import type { Infer } from "../../base/schema/schema.ts";
import { list, map, strictObject } from "../../base/schema/structures.ts";
import { integer, optional, refine, string } from "../../base/schema/values.ts";
import { headerLine, maxHeaderBytes, readHeader, type SignedKind } from "../image/image-header.ts";
import { isSafePath, maxImageBytes, product } from "../image/image-manifest.ts";
import { checkSignature } from "../image/image-reader.ts";
import type { SigningKey, TrustedKey } from "../image/keys.ts";
import { ImageRefused } from "../image/refusal.ts";

export const channelFile = "channel";
const kind: SignedKind = { magic: "grove-heater-channel", format: 1, limit: 256 * 1024 };
/** The largest channel file that a unit downloads. */
export const maxChannelBytes = kind.limit + maxHeaderBytes;

export const maxGroups = 100;
export const maxDeltas = 20;

export const sha256 = string({ pattern: /^[0-9a-f]{64}$/, expected: "a SHA-256 in lower-case hexadecimal" });
export const nameRule = { pattern: /^[A-Za-z0-9_-]{1,40}$/, expected: "up to 40 letters, digits, _ and -" };
const fileName = refine(
  string(),
  "a file's name without a folder",
  (name) => isSafePath(name) && !name.includes("/"),
);
const time = integer(earliestWallTime / 1000, latestWallTime / 1000);
const size = integer(1, maxImageBytes * 2);

const delta = strictObject({ from: sha256, file: fileName, size, sha256 });
const image = strictObject({
  file: fileName,
  size,
  /** Of the whole file. */
  sha256,
  /** SHA-256 of its manifest, by which the slots identify it. */
  digest: sha256,
  version: string({ pattern: /^\d{1,5}(\.\d{1,5}){2}$/, expected: 'a version such as "1.4.0"' }),
  counter: integer(1, 2 ** 31 - 1),
  /** Deltas from images that units may run to this one. */
  deltas: list(delta, maxDeltas),
});
const group = strictObject({
  image,
  /** Of the group's units. */
  percent: integer(0, 100),
  /**
   * Percentage of failures at which a server of the feed that knows the failures withholds the image (hold.ts).
   */
  stopAt: optional(integer(1, 100)),
});

const channelSchema = strictObject({
  product: string(undefined, 64),
  /** Name of the channel; a unit accepts only its own. */
  channel: string(nameRule),
  /** Rises with every change. */
  version: integer(1, 2 ** 40),
  /** Seconds since 1970. */
  signedAt: time,
  expiresAt: time,
  keyId: string({ pattern: /^[0-9a-f]{16}$/, expected: "a key id of 16 hexadecimal digits" }),
  groups: map(group, maxGroups, nameRule),
});

export type Channel = Infer<typeof channelSchema>;
export type ChannelGroup = Infer<typeof group>;
export type ChannelImage = Infer<typeof image>;

export interface ReadChannel {
  readonly channel: Channel;
  /** SHA-256 of the signed text. */
  readonly digest: string;
}

/** @throws ImageRefused with the reason */
export function readChannel(bytes: Buffer, trusted: readonly TrustedKey[]): ReadChannel {
  const { header, text } = split(bytes);
  checkSignature(header, text, trusted);
  const channel = parseChannel(text);
  if (channel.keyId !== header.signature?.keyId)
    throw new ImageRefused("invalid-manifest", "its text names another key than its first line");
  return { channel, digest: createHash("sha256").update(text).digest("hex") };
}

/**
 * For a server of the feed, which has no key: to show the channel, and to hold images back. Never for a unit.
 * @throws ImageRefused with the reason
 */
export const readUnverifiedChannel = (bytes: Buffer): Channel => parseChannel(split(bytes).text);

function split(bytes: Buffer) {
  const end = bytes.subarray(0, maxHeaderBytes).indexOf(0x0a);
  const header = readHeader(bytes.subarray(0, Math.max(0, end)).toString("latin1"), kind);
  const text = bytes.subarray(end + 1);
  if (text.length === header.manifestLength) return { header, text };
  throw new ImageRefused("wrong-length", `it has ${text.length} bytes of text, not ${header.manifestLength}`);
}

function parseChannel(text: Uint8Array): Channel {
  const document = JsonDocument.parse(new TextDecoder().decode(text));
  if (!(document instanceof JsonDocument))
    throw new ImageRefused("invalid-manifest", `line ${document.line}: ${document.message}`);
  const channel = document.read(channelSchema);
  if (channel === undefined) {
    const [first] = document.problems("the channel");
    throw new ImageRefused(
      "invalid-manifest",
      first ? `line ${first.line}: ${first.message}` : "it is not a channel",
    );
  }
  if (channel.product !== product)
    throw new ImageRefused("other-product", `it is for "${channel.product}", this is ${product}`);
  if (channel.expiresAt <= channel.signedAt)
    throw new ImageRefused("invalid-manifest", "it expires before it was signed");
  return channel;
}

/** The file's bytes. @throws ImageRefused for a channel that no unit would accept */
export function signedChannel(channel: Channel, key: SigningKey): Buffer {
  const text = Buffer.from(`${JSON.stringify({ ...channel, keyId: key.id }, null, 1)}\n`);
  const signature = { keyId: key.id, bytes: sign(null, text, key.privateKey) };
  const bytes = Buffer.concat([
    Buffer.from(headerLine({ manifestLength: text.length, signature }, kind)),
    text,
  ]);
  readChannel(bytes, [key]);
  return bytes;
}
