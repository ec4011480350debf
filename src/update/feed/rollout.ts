/** Which units of a group come first. Guarantee: a unit's place never changes, so a growing share only adds units. */
import { createHash } from "node:crypto";

/** @param unitId of the unit, such as its serial number. @returns from 0 up to, not including, 100 */
export const placeOf = (unitId: string): number =>
  (createHash("sha256").update(unitId).digest().readUInt32BE(0) / 2 ** 32) * 100;

export const isIncluded = (unitId: string, percent: number): boolean => placeOf(unitId) < percent;
