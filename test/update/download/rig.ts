/** A unit's downloader: on a real or a virtual clock, on a disk in memory or a real one. */
import { createHash } from "node:crypto";
import type { Clock } from "../../../src/base/clock.ts";
import { millis, seconds } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { Downloader, type DownloaderOptions } from "../../../src/update/download/download.ts";
import type { ImageLocation } from "../../../src/update/source.ts";
import type { Transport } from "../../../src/update/transport/open.ts";
import { noProxy } from "../../../src/update/transport/proxy.ts";
import { systemTransport } from "../../../src/update/transport/transport.ts";
import { CutDisk } from "../slots/cut-disk.ts";
import { downloadFilesOf } from "./cut-downloads.ts";

export const transport: Transport = systemTransport({ proxy: noProxy, refusal: () => undefined });

/**
 * A real clock, but that spans from `least` up to a minute take no time: the pauses before another try. A minimum rate
 * is measured over several minutes then.
 */
export const pausing = (least: number): Clock => ({
  ...systemClock,
  setTimer: (span, fn) => systemClock.setTimer(span >= least && span < 60_000 ? millis(0) : span, fn),
});
const hasty = pausing(1);

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Bytes that are nowhere alike. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, x = 1; at < length; at++) {
    x = (x * 1_103_515_245 + 12_345) % 2 ** 31;
    bytes[at] = x >> 16;
  }
  return bytes;
}

export const locationOf = (url: string, bytes: Buffer, more: Partial<ImageLocation> = {}): ImageLocation => ({
  url,
  headers: {},
  size: bytes.length,
  sha256: sha256(bytes),
  ...more,
});

export const folder = "/var/data/firmware";

export interface Rig {
  readonly disk: CutDisk;
  readonly downloader: Downloader;
  /** What is on the disk. */
  content(): Promise<Buffer | undefined>;
}

export function rig(options: Partial<DownloaderOptions> = {}, disk = new CutDisk()): Rig {
  const files = options.files ?? downloadFilesOf(disk);
  const downloader = new Downloader({
    files,
    transport,
    clock: hasty,
    folder,
    reserve: async () => {},
    maxBytes: 100_000_000,
    minimumRate: { bytes: 100, within: seconds(600) },
    ...options,
  });
  return { disk, downloader, content: async () => disk.files.read(`${folder}/download`, 1e9) };
}

export const never = new AbortController().signal;

/** The code of what it rejects with. */
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: { readonly code?: string } & Error) => error.code ?? String(error),
  );
