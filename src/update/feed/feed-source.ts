/**
 * A feed as a source of updates.
 *
 * Guarantee: what it assigns is named by a channel that the owner signed, that is not expired and not older than one
 * seen before, and that the feed's server does not hold back (hold.ts). A check that fails leaves the unit as it is. Nothing
 * is ever written to the feed: reports go to the log.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { LogFields } from "../../base/log.ts";
import type { DeltaOffer, WithDelta } from "../delta/offer.ts";
import type { TrustedKey } from "../image/keys.ts";
import { ImageRefused } from "../image/refusal.ts";
import type { SlotFiles } from "../slots/slot-files.ts";
import {
  type Assignment,
  type CheckResult,
  type Held,
  type Report,
  SourceError,
  type UpdateSource,
} from "../source.ts";
import { DownloadError, sourceCodes } from "../transport/download-error.ts";
import type { RateLimit } from "../transport/minimum-rate.ts";
import type { Transport } from "../transport/open.ts";
import { fetchSmall } from "../transport/small-document.ts";
import { type ChannelImage, channelFile, maxChannelBytes, type ReadChannel, readChannel } from "./channel.ts";
import { Freshness } from "./freshness.ts";
import { holdFile, maxHoldBytes, readHold } from "./hold.ts";
import { isIncluded } from "./rollout.ts";

/** The state of this unit's images at the time of a check. */
export interface KnownImages {
  /** Digest of the image that runs; `undefined` for the installed firmware. */
  readonly running: string | undefined;
  readonly counterFloor: number;
  /** Digests of the images that were reverted. */
  readonly failed: readonly string[];
}

export interface FeedOptions {
  /** Of the feed's folder: `https:`, `http:` or `file:`. */
  readonly url: string;
  readonly channel: string;
  readonly group: string;
  readonly unitId: string;
  readonly trusted: readonly TrustedKey[];
  readonly known: () => KnownImages;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly files: SlotFiles;
  /** Holds the record of the newest channel; it outlives images. */
  readonly folder: string;
  readonly rate: RateLimit;
  /** Logs reports, and why nothing is assigned. */
  readonly note: (event: string, fields: LogFields) => void;
}

/** Of a channel's groups, in a message. */
const mostNamed = 5;

export class FeedSource implements UpdateSource {
  readonly kind = "feed";
  readonly #options: FeedOptions;
  readonly #freshness: Freshness;
  readonly #base: URL;

  /** @throws RangeError for an invalid address */
  constructor(options: FeedOptions) {
    this.#options = options;
    this.#freshness = new Freshness(options.files, options.folder);
    this.#base = folderUrl(options.url);
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const found = await this.#fetch(signal);
    this.#freshness.check(found, this.#options.clock.wallNow());
    await this.#freshness.remember(found).catch((error: unknown) => {
      this.#options.note("feed-version-not-stored", { reason: messageOf(error) });
    });
    const result = this.#assignmentIn(found);
    if (result.assignment === null) return { ...result, cancel: null };
    const reason = await this.#holdReason(result.assignment, signal);
    if (reason === undefined) return { ...result, cancel: null };
    const { version } = result.assignment;
    this.#noUpdate(reason, { version });
    return { assignment: null, cancel: null, held: { version, reason } };
  }

  /** Only logged: a plain web server accepts no reports. */
  async report(id: string, report: Report): Promise<void> {
    this.#options.note("feed-report", { image: id.slice(0, 12), ...report });
  }

  async #fetch(signal: AbortSignal): Promise<ReadChannel> {
    const { transport, clock, rate, trusted, channel } = this.#options;
    try {
      const url = new URL(channelFile, this.#base).href;
      const bytes = await fetchSmall(url, maxChannelBytes, { transport, clock, rate, signal });
      const found = readChannel(bytes, trusted);
      if (found.channel.channel === channel) return found;
      throw new SourceError(
        "not-trusted",
        `the feed is channel "${found.channel.channel}", this unit follows "${channel}"`,
      );
    } catch (error) {
      throw asSourceError(error);
    }
  }

  /** Why the server holds the image back; `undefined` if it does not, or has no hold file. */
  async #holdReason({ id }: Assignment, signal: AbortSignal): Promise<string | undefined> {
    const { transport, clock, rate, group, note } = this.#options;
    try {
      const url = new URL(holdFile, this.#base).href;
      const holds = readHold(await fetchSmall(url, maxHoldBytes, { transport, clock, rate, signal }));
      if (holds === undefined) note("feed-hold-unreadable", { now: "nothing is held back" });
      return holds?.find((each) => each.group === group && each.image === id)?.reason;
    } catch (error) {
      // Some servers answer 403 for a missing file.
      if (error instanceof DownloadError && ["gone", "not-allowed", "too-large"].includes(error.code))
        return undefined;
      throw asSourceError(error);
    }
  }

  #assignmentIn({ channel }: ReadChannel): FeedResult {
    const { group, unitId, known } = this.#options;
    const entry = Object.hasOwn(channel.groups, group) ? channel.groups[group] : undefined;
    if (entry === undefined) {
      const found = Object.keys(channel.groups);
      const named = found.slice(0, mostNamed).join(", ") + (found.length > mostNamed ? ", …" : "");
      const groups = found.length === 0 ? "no group yet" : `no group "${group}": it has ${named}`;
      throw new SourceError("not-listed", `the channel "${channel.channel}" has ${groups}`);
    }
    const { image, percent } = entry;
    const { running, counterFloor, failed } = known();
    if (image.digest === running) return { assignment: null };
    const { version } = image;
    if (failed.includes(image.digest)) return this.#passOver("it was tried here and reverted", { version });
    if (image.counter < counterFloor)
      return this.#passOver("it is older than what this unit has confirmed", { version, counterFloor });
    if (!isIncluded(unitId, percent)) {
      const why = "this unit's turn comes later";
      const reason = `${why}: ${percent} % of the group so far`;
      return {
        ...this.#noUpdate(why, { version, percent }),
        held: { version, reason },
      };
    }
    const delta = this.#deltaFrom(image, running);
    return {
      assignment: {
        id: image.digest,
        version,
        image: this.#location(image),
        download: "when-convenient",
        install: "when-convenient",
        ...(delta && { delta }),
      },
    };
  }

  #deltaFrom({ deltas, digest }: ChannelImage, running: string | undefined): DeltaOffer | undefined {
    const found = deltas.find(({ from }) => from === running);
    return found && { from: found.from, to: digest, file: this.#location(found) };
  }

  #location({
    file,
    size,
    sha256,
  }: {
    readonly file: string;
    readonly size: number;
    readonly sha256: string;
  }) {
    return { url: new URL(encodeURIComponent(file), this.#base).href, headers: {}, size, sha256 };
  }

  #passOver(why: string, fields: LogFields & { readonly version: string }): FeedResult {
    return { ...this.#noUpdate(why, fields), passedOver: `release ${fields.version}: ${why}` };
  }

  #noUpdate(why: string, fields: LogFields): { readonly assignment: null } {
    this.#options.note("feed-no-update", { why, ...fields });
    return { assignment: null };
  }
}

interface FeedResult {
  readonly assignment: (Assignment & WithDelta & { readonly version: string }) | null;
  readonly held?: Held;
  readonly passedOver?: string;
}

/**
 * Ends with a slash, so that file names are relative to it. A query would be lost with them, so it is
 * refused.
 */
function folderUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !["https:", "http:", "file:"].includes(url.protocol))
    throw new RangeError("the feed's address is invalid: give https://…, http://… or file:///…");
  if (url.username !== "" || url.password !== "" || url.search !== "")
    throw new RangeError("the feed's address has a password or a query: a feed is signed and needs neither");
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

function asSourceError(error: unknown): unknown {
  if (error instanceof ImageRefused)
    return new SourceError("not-trusted", `the channel is refused (${error.code}): ${error.message}`, {
      cause: error,
    });
  if (!(error instanceof DownloadError)) return error;
  const retry = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  return new SourceError(
    sourceCodes[error.code],
    `the channel was not fetched (${error.code}): ${error.message}`,
    {
      cause: error,
      ...retry,
    },
  );
}
