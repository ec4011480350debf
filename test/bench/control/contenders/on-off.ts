/**
 * An on/off thermostat as Home Assistant documents its generic thermostat: ON at or below the set-point minus the
 * tolerance, OFF at or above the set-point plus the tolerance, no switch within the minimum time of the last one.
 */
import type { Contender } from "../play.ts";

export function onOff(tolerance: number, minimumS = 0): Contender {
  let on = false;
  let changedAt = Number.NEGATIVE_INFINITY;
  return {
    tick(reading, target, second) {
      const wanted = on ? reading < target + tolerance : reading <= target - tolerance;
      if (wanted !== on && second - changedAt >= minimumS) {
        on = wanted;
        changedAt = second;
      }
      return on;
    },
  };
}
