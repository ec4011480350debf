/**
 * The local time for the core: only while the clock is trusted.
 *
 * Guarantee: never throws; a clock that was found right once stays so until the end of the process.
 */
import { isTrustedWallTime } from "../../base/clock.ts";
import { seconds, type WallMillis } from "../../base/units.ts";
import type { LocalTime } from "../../control/schedule/week-times.ts";
import { isClockRight, type SystemFiles } from "./clock-sync.ts";
import { ZoneClock } from "./zone-clock.ts";

/** `undefined` while the clock may be wrong. */
export type ReadLocalTime = (wallMs: WallMillis) => LocalTime | undefined;

const recheckInterval = seconds(10);

/** @param timeZone the setting @param files files of this machine; without them a plausible time counts as right */
export function localTimeOf(timeZone: string, files?: SystemFiles): ReadLocalTime {
  const zone = new ZoneClock(timeZone);
  let isRight = files === undefined;
  let checkedMs: number | undefined;
  return (wallMs) => {
    if (!isTrustedWallTime(wallMs)) return undefined;
    if (files !== undefined && !isRight) {
      const isRecent = checkedMs !== undefined && Math.abs(wallMs - checkedMs) < recheckInterval;
      if (!isRecent) {
        checkedMs = wallMs;
        isRight = isClockRight(files, wallMs);
      }
    }
    return isRight ? zone.at(wallMs) : undefined;
  };
}
