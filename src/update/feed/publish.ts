/**
 * Publishes an image in a feed: on the owner's computer, in the folder that a web server or a USB stick then offers.
 *
 * Guarantees: a power cut leaves either the previous or the new channel, and each names only complete files; an image
 * that all units of the group would refuse is not published: one that is unsigned, or older than the previous one.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { isTrustedWallTime } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { imageInFile } from "../delta/base-image.ts";
import type { BaseImage } from "../delta/delta-format.ts";
import { checkDelta, makeDelta } from "../delta/make-delta.ts";
import { canUseDictionary } from "../delta/zstd.ts";
import { product } from "../image/image-manifest.ts";
import { readImage, verifyOnly } from "../image/image-reader.ts";
import type { SigningKey, TrustedKey } from "../image/keys.ts";
import type { SlotFiles } from "../slots/slot-files.ts";
import { replaceWhole } from "../slots/whole-file.ts";
import {
  type Channel,
  type ChannelGroup,
  type ChannelImage,
  channelFile,
  maxChannelBytes,
  maxDeltas,
  readChannel,
  signedChannel,
} from "./channel.ts";

export interface PublishRequest {
  readonly folder: string;
  readonly key: SigningKey;
  /** The previous key, while units change over to the new one. */
  readonly oldKey?: TrustedKey | undefined;
  /** `undefined`: the name of the existing channel, otherwise "default". */
  readonly channel?: string | undefined;
  /** `undefined`: only the expiry is renewed. */
  readonly group?: string | undefined;
  /** `undefined`: the group keeps its image. */
  readonly image?: string | undefined;
  /** Share of the group's units; `undefined`: unchanged, or all for a new image. */
  readonly percent?: number | undefined;
  /**
   * Percentage of failures among the included units at which the hub stops the roll-out; `undefined`: as
   * before.
   */
  readonly stopAt?: number | undefined;
  readonly expiresInDays: number;
  /** Image files that units may run: each gets a delta. */
  readonly from: readonly string[];
}

export interface PublishPorts {
  readonly files: SlotFiles;
  readonly wallMs: number;
  /** Prints what was done and what was not, for the person who publishes. */
  readonly print: (text: string) => void;
}

/** The request cannot be carried out; the message says why, and nothing has changed for any unit. */
export class PublishError extends Error {
  override readonly name = "PublishError";
}

const daySeconds = 86_400;

/** @throws PublishError, ImageRefused, the system's error */
export async function publish(request: PublishRequest, ports: PublishPorts): Promise<Channel> {
  const { folder, key, oldKey, expiresInDays } = request;
  const trusted = oldKey === undefined ? [key] : [key, oldKey];
  const before = channelIn(folder, trusted, ports.files);
  const signedAt = timeAfter(before, ports.wallMs);
  const name = request.channel ?? before?.channel ?? "default";
  if (before !== undefined && before.channel !== name)
    throw new PublishError(
      `${folder} holds the channel "${before.channel}": give another folder to "${name}"`,
    );
  await ports.files.makeFolder(folder);
  const channel: Channel = {
    product,
    channel: name,
    version: (before?.version ?? 0) + 1,
    signedAt,
    expiresAt: signedAt + expiresInDays * daySeconds,
    keyId: key.id,
    groups: { ...before?.groups, ...(await changedGroup(request, before, trusted, ports)) },
  };
  await replaceWhole(ports.files, join(folder, channelFile), [signedChannel(channel, key)]);
  return channel;
}

function channelIn(folder: string, trusted: readonly TrustedKey[], files: SlotFiles): Channel | undefined {
  const bytes = files.read(join(folder, channelFile), maxChannelBytes);
  return bytes && readChannel(bytes, trusted).channel;
}

/** Units use this time as a lower limit for their clocks, so it must be right. */
function timeAfter(before: Channel | undefined, wallMs: number): number {
  const now = Math.floor(wallMs / 1000);
  if (!isTrustedWallTime(wallMs))
    throw new PublishError(`this computer's clock shows ${isoTime(wallMs)}: set it first`);
  if (before === undefined || now >= before.signedAt) return now;
  throw new PublishError(
    `this computer's clock is behind: the channel was signed at ${isoTime(before.signedAt * 1000)}`,
  );
}

async function changedGroup(
  { folder, group, image: file, percent, stopAt: requested, from }: PublishRequest,
  before: Channel | undefined,
  trusted: readonly TrustedKey[],
  ports: PublishPorts,
): Promise<Readonly<Record<string, ChannelGroup>>> {
  if (group === undefined) return {};
  const old = before && Object.hasOwn(before.groups, group) ? before.groups[group] : undefined;
  const stopAt = requested ?? old?.stopAt;
  const stop = stopAt === undefined ? {} : { stopAt };
  if (file === undefined) {
    if (old !== undefined) return { [group]: { ...old, percent: percent ?? old.percent, ...stop } };
    throw new PublishError(`the channel has no group "${group}": give it an image`);
  }
  const source = await verified(file, trusted);
  checkOrder(source.image, old);
  const stem = `${product}-${source.image.manifest.version}-${source.image.manifest.counter}-${source.image.digest.slice(0, 8)}`;
  const image = await published(source, stem, folder, ports.files);
  const isSame = old?.image.digest === image.digest;
  const deltas = new Map((isSame ? old.image.deltas : []).map((delta) => [delta.from, delta]));
  for (const older of from) {
    const delta = await publishDelta(await verified(older, trusted), source, stem, folder, ports);
    if (delta !== undefined) deltas.set(delta.from, delta);
  }
  const newest = [...deltas.values()].slice(-maxDeltas);
  return {
    [group]: {
      image: { ...image, deltas: newest },
      percent: percent ?? (isSame ? old.percent : 100),
      ...stop,
    },
  };
}

interface Source {
  readonly file: string;
  readonly image: BaseImage;
  readonly size: number;
  /** Of all bytes. */
  readonly sha256: string;
}

/** @throws ImageRefused */
async function verified(file: string, trusted: readonly TrustedKey[]): Promise<Source> {
  const hash = createHash("sha256");
  let size = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  const image = await readImage({ source: counted(), trusted, sink: verifyOnly });
  return { file, image: imageInFile(file, image), size, sha256: hash.digest("hex") };
}

function checkOrder({ manifest, digest }: BaseImage, old: ChannelGroup | undefined): void {
  if (old === undefined || old.image.digest === digest || manifest.counter > old.image.counter) return;
  throw new PublishError(
    `its counter is ${manifest.counter}, and the group has ${old.image.counter}: units would refuse it. ` +
      "Build it with a higher one: grove-heater image build --counter",
  );
}

async function published(
  { file, image, size, sha256 }: Source,
  stem: string,
  folder: string,
  files: SlotFiles,
): Promise<Omit<ChannelImage, "deltas">> {
  const name = `${stem}.image`;
  await replaceWhole(files, join(folder, name), createReadStream(file));
  if ((await hashOf(files.chunks(join(folder, name)))) !== sha256)
    throw new PublishError(`${basename(file)} changed while it was copied: publish it again`);
  const { version, counter } = image.manifest;
  return { file: name, size, sha256, digest: image.digest, version, counter };
}

async function publishDelta(
  older: Source,
  { image, size, sha256 }: Source,
  stem: string,
  folder: string,
  { files, print }: PublishPorts,
): Promise<ChannelImage["deltas"][number] | undefined> {
  const what = `a delta from ${older.image.manifest.version}`;
  if (!(await canUseDictionary())) {
    print(`without ${what}: Node.js ${process.versions.node} cannot make one (22.23 or newer can)`);
    return undefined;
  }
  if (older.image.digest === image.digest) return undefined;
  const name = `${stem}-from-${older.image.digest.slice(0, 8)}.delta`;
  const fresh = join(folder, `${name}.new`);
  await files.remove(fresh);
  const to = await files.create(fresh, false);
  const made = await makeDelta(older.image, image, to)
    .then(async (delta) => {
      await to.finish();
      return delta;
    })
    .finally(() => to.close());
  await checkDelta(files.chunks(fresh), older.image, image, sha256);
  if (made.size >= size) {
    await files.remove(fresh);
    print(`without ${what}: it would be no smaller than the image`);
    return undefined;
  }
  await files.rename(fresh, join(folder, name));
  await files.syncFolder(folder);
  print(`${name}: ${made.size} bytes, ${((100 * made.size) / size).toFixed(1)} % of the image`);
  return { from: older.image.digest, file: name, ...made };
}

export async function hashOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
