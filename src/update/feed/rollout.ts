/**
 * A staged roll-out: the order of a group's units, its progress, and when its failures stop it. Pure.
 *
 * Guarantee: a unit's place never changes, so a growing share only adds units.
 */
import { createHash } from "node:crypto";

/** @param unitId of the unit, such as its serial number. @returns from 0 up to, not including, 100 */
export const placeOf = (unitId: string): number =>
  (createHash("sha256").update(unitId).digest().readUInt32BE(0) / 2 ** 32) * 100;

export const isIncluded = (unitId: string, percent: number): boolean => placeOf(unitId) < percent;

/** A unit's place in a feed, and its images, as it reports them to its owner. */
export interface UnitInFeed {
  /** `groupName` of the channel and group that it follows; empty without a feed. */
  readonly group: string;
  /** `placeOf`, rounded down, so that it compares with a whole percentage as the unrounded one does. */
  readonly place: number | null;
  /** `shortDigest` of the running image, confirmed or not. */
  readonly image: string;
  readonly isOnTrial: boolean;
  /** `shortDigest` of the image of the last finished update, and whether that was reverted or refused. */
  readonly lastImage: string;
  readonly hasFailed: boolean;
}

export const groupName = (channel: string, group: string): string => `${channel}/${group}`;

/** Enough to tell an owner's images apart, and short enough for a twin. */
export const shortDigest = (digest: string): string => digest.slice(0, 16);

export interface Stage {
  /** `groupName`. */
  readonly group: string;
  /** Of the image. */
  readonly digest: string;
  readonly percent: number;
}

export interface Tally {
  /** Units that follow the group, as far as they have reported. */
  readonly units: number;
  /** Units that the current percentage includes. */
  readonly included: number;
  /** Units that run the image and have confirmed it. */
  readonly confirmed: number;
  /** Units that reverted or refused it. */
  readonly failed: number;
}

export function tally(all: readonly UnitInFeed[], { group, digest, percent }: Stage): Tally {
  const image = shortDigest(digest);
  const units = all.filter((unit) => unit.group === group);
  const confirmed = units.filter((unit) => unit.image === image && !unit.isOnTrial);
  return {
    units: units.length,
    included: units.filter(({ place }) => place !== null && place < percent).length,
    confirmed: confirmed.length,
    // A unit that runs it now is no longer a failure.
    failed: units.filter((unit) => unit.hasFailed && unit.lastImage === image && !confirmed.includes(unit))
      .length,
  };
}

/** The threshold when the owner gives none. */
export const defaultStopAt = 20;

/**
 * Decides whether to stop a roll-out. Counts failures among the included units, as hawkBit does: in a small
 * first stage one is enough.
 * @param stopAt percent
 * @returns the reason, for a person; `undefined`: the roll-out continues
 */
export function stopReason({ included, failed }: Tally, stopAt: number): string | undefined {
  // Units that have left the group since may have failed as well.
  const of = Math.max(included, failed);
  if (failed === 0 || failed * 100 < stopAt * of) return undefined;
  return `${failed} of ${of} units reverted or refused it, and the roll-out stops at ${stopAt} %`;
}
