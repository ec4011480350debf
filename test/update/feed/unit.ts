/** A feed in memory, and units that follow it. */
import { seconds, wallMillis } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { WithDelta } from "../../../src/update/delta/offer.ts";
import { type Channel, type ChannelImage, signedChannel } from "../../../src/update/feed/channel.ts";
import { type FeedOptions, FeedSource } from "../../../src/update/feed/feed-source.ts";
import type { SigningKey } from "../../../src/update/image/keys.ts";
import type { Assignment } from "../../../src/update/source.ts";
import { DownloadError } from "../../../src/update/transport/download-error.ts";
import type { Transport } from "../../../src/update/transport/open.ts";
import { sha256 } from "../download/rig.ts";
import { signing, trusted } from "../fixtures.ts";
import { CutDisk } from "../slots/cut-disk.ts";

/** 2026-11-28. */
export const today = 1_795_824_000;
export const day = 86_400;

export const imageEntry = (counter: number, changes: Partial<ChannelImage> = {}): ChannelImage => ({
  file: `image-${counter}`,
  size: 1000 + counter,
  sha256: sha256(Buffer.from(`file ${counter}`)),
  digest: sha256(Buffer.from(`manifest ${counter}`)),
  version: `0.${counter}.0`,
  counter,
  deltas: [],
  ...changes,
});

export const channelOf = (version: number, changes: Partial<Channel> = {}): Channel => ({
  product: "grove-heater",
  channel: "default",
  version,
  signedAt: today,
  expiresAt: today + 30 * day,
  keyId: signing.id,
  groups: { home: { image: imageEntry(version), percent: 100 } },
  ...changes,
});

export const signedBy = (channel: Channel, key: SigningKey = signing): Buffer => signedChannel(channel, key);

/** A folder in memory. */
export class Folder {
  readonly files = new Map<string, Buffer>();
  readonly asked: string[] = [];
  /** Fails in its place. */
  failure: DownloadError | undefined;

  readonly transport: Transport = {
    open: async ({ url }) => {
      this.asked.push(url);
      const bytes = this.files.get(url.split("/").at(-1) ?? "");
      if (this.failure !== undefined) throw this.failure;
      if (bytes === undefined) throw new DownloadError("gone", "404");
      return {
        from: 0,
        size: bytes.length,
        etag: undefined,
        close() {},
        chunks: (async function* () {
          yield bytes;
        })(),
      };
    },
  };

  show(channel: Channel | Buffer): void {
    this.files.set("channel", Buffer.isBuffer(channel) ? channel : signedBy(channel));
  }
}

export class Unit {
  readonly clock: VirtualClock;
  readonly notes: [string, object][] = [];
  readonly source: FeedSource;
  readonly disk: CutDisk;

  constructor(folder: Folder, options: Partial<FeedOptions> = {}, disk = new CutDisk(), wallSeconds = today) {
    this.disk = disk;
    this.clock = new VirtualClock({ wallStart: wallMillis(wallSeconds * 1000) });
    this.source = new FeedSource({
      url: "https://updates.example/heaters",
      channel: "default",
      group: "home",
      unitId: "unit-1",
      trusted,
      known: () => ({ running: undefined, counterFloor: 0, failed: [] }),
      transport: folder.transport,
      clock: this.clock,
      files: disk.files,
      folder: "/var/data/firmware",
      rate: { bytes: 1, within: seconds(30) },
      note: (event, fields) => this.notes.push([event, fields]),
      ...options,
    });
  }

  async check(): Promise<(Assignment & WithDelta) | null> {
    return (await this.source.check(new AbortController().signal)).assignment;
  }

  /** The version that it is assigned, or the code of what went wrong. */
  outcome(): Promise<string | null | undefined> {
    return this.check().then(
      (assignment) => (assignment === null ? null : assignment.version),
      (error: { readonly code?: string } & Error) => error.code ?? String(error),
    );
  }
}
