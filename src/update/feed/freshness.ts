/**
 * The newest channel that this unit has seen, stored durably, and the check that a fetched one is not older.
 *
 * Guarantees: an older channel is refused, and so is a different one of the same version, so that an old copy
 * of a feed cannot keep a unit on an old version. The record has a copy, written after it, in case one of
 * them is damaged. A clock that was never set is not trusted: then the time is at least the newest signing
 * time seen. The clock's own time is not stored, so that a clock that was once too far ahead has no lasting
 * effect.
 */
import { join } from "node:path";
import { isTrustedWallTime } from "../../base/clock.ts";
import { readChecked } from "../../base/files/checked-text.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { isoTime } from "../../base/iso-time.ts";
import { readText } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, string } from "../../base/schema/values.ts";
import type { SlotFiles } from "../slots/slot-files.ts";
import { replaceChecked } from "../slots/whole-file.ts";
import { SourceError } from "../source.ts";
import type { ReadChannel } from "./channel.ts";

const seenSchema = object({
  channel: string(undefined, 40),
  version: integer(0),
  digest: string(undefined, 64),
  signedAt: integer(0),
});
type Seen = ReturnType<typeof asSeen>;
const maxRecordBytes = 4096;
/** In the order of writing. */
const seenNames = ["channel-seen.json", "channel-seen.copy.json"] as const;
const day = 86_400_000;

export class Freshness {
  readonly #files: SlotFiles;
  readonly #folder: string;
  /** Set even when it could not be written. */
  #newest: Seen | undefined;

  /** @param folder its record and the copy of it are in it, by `seenNames` */
  constructor(files: SlotFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** @param wallMs what the clock shows. @throws SourceError "not-trusted" or "expired" */
  check(found: ReadChannel, wallMs: number): void {
    const { channel, digest } = found;
    const before = this.#seen(channel.channel);
    if (before && channel.version < before.version) {
      throw untrusted(
        `it is version ${channel.version}, older than version ${before.version}, which this unit has seen`,
      );
    }
    if (before && channel.version === before.version && digest !== before.digest)
      throw untrusted(`version ${channel.version} was seen with a different content`);
    const floorMs = Math.max(channel.signedAt, before?.signedAt ?? 0) * 1000;
    const atLeastMs = isTrustedWallTime(wallMs) ? Math.max(wallMs, floorMs) : floorMs;
    if (atLeastMs < channel.expiresAt * 1000) return;
    const when = isoTime(channel.expiresAt * 1000).slice(0, 16);
    throw new SourceError(
      "expired",
      `the channel's version ${channel.version} expired on ${when}Z, ${Math.floor((atLeastMs - channel.expiresAt * 1000) / day)} ` +
        "days ago: its owner must publish it again (grove-heater feed publish)",
    );
  }

  /**
   * Resolves when it is on the disk. Rejects with the system's error; in this process it counts as seen
   * anyway.
   */
  async remember(found: ReadChannel): Promise<void> {
    const before = this.#seen(found.channel.channel);
    if (before?.digest === found.digest && seenNames.every((name) => this.#readFrom(name) !== undefined))
      return;
    this.#newest = asSeen(found, before);
    await this.#files.makeFolder(this.#folder);
    for (const name of seenNames) await replaceChecked(this.#files, join(this.#folder, name), this.#newest);
  }

  /** A record of another channel is ignored: the owner has moved the unit. */
  #seen(channel: string): Seen | undefined {
    const seen = this.#newest ?? this.#read();
    return seen?.channel === channel ? seen : undefined;
  }

  /** After a power cut between the two writes the first is the newer one. */
  #read(): Seen | undefined {
    for (const name of seenNames) {
      const seen = this.#readFrom(name);
      if (seen !== undefined) return seen;
    }
    return undefined;
  }

  #readFrom(name: (typeof seenNames)[number]): Seen | undefined {
    try {
      const bytes = this.#files.read(join(this.#folder, name), maxRecordBytes);
      const checked = bytes && readChecked(bytes.toString("utf8"));
      return checked?.checked ? readText(seenSchema, checked.text) : undefined;
    } catch (error) {
      // If the copy is damaged too, only the counter floor refuses older images.
      if (error instanceof SmallFileError) return undefined;
      throw error;
    }
  }
}

const asSeen = ({ channel, digest }: ReadChannel, before?: { readonly signedAt: number }) => ({
  channel: channel.channel,
  version: channel.version,
  digest,
  signedAt: Math.max(channel.signedAt, before?.signedAt ?? 0),
});

const untrusted = (why: string): SourceError =>
  new SourceError("not-trusted", `the channel is refused: ${why}`);
