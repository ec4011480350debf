/**
 * A or B held down: what the finger does is shown at once, and can be taken back.
 *
 * Guarantee (SR-13): a line that does not come back switches nothing on, and what it did is undone. While a button is
 * down the heating law aims no higher than before it; a button that turns out stuck leaves set-point and boost as they
 * were, unless somebody else has set them meanwhile.
 */

import type { Celsius, Millis } from "../../base/units.ts";
import { celsius } from "../../base/units.ts";
import type { Change } from "../input.ts";
import { aimOf, type Boost } from "./boost.ts";
import type { SetPointLimits } from "./set-point.ts";

/** What a hold may touch. */
interface Aimed {
  readonly values: { readonly targetTemperature: Celsius };
  readonly boost: Boost | undefined;
  readonly changes: { readonly targetTemperature: Change; readonly controlMode: Change };
}

export interface Hold {
  /** As it was when the button went down. */
  readonly before: Aimed;
  /** The newest change of the set-point that the hold knows of: a later one is somebody else's. */
  readonly made: Change;
}

/** The button did something: `after` came out of it. What somebody else set meanwhile is what to go back to. */
export function noteHold(hold: Hold | undefined, present: Aimed, after: Aimed): Hold {
  const { values, boost, changes } = present;
  const goesOn = hold !== undefined && changes.targetTemperature === hold.made;
  return { before: goesOn ? hold.before : { values, boost, changes }, made: after.changes.targetTemperature };
}

/** @returns what to put back in force now, or `undefined` when somebody else has set the set-point since */
export function takenBack(
  hold: Hold,
  present: Aimed,
  now: Millis,
): { readonly target: Celsius; readonly boost: Boost | undefined } | undefined {
  if (present.changes.targetTemperature !== hold.made) return undefined;
  const { values, boost, changes } = hold.before;
  const isSameMode = present.changes.controlMode === changes.controlMode;
  const lasts = boost !== undefined && now < boost.until && isSameMode;
  return { target: values.targetTemperature, boost: present.boost ?? (lasts ? boost : undefined) };
}

/** What the heating law aims at: what the screen shows, but no higher while a finger is on it. */
export function heatAim(panel: Aimed & { readonly hold: Hold | undefined }, limits: SetPointLimits): Celsius {
  const aim = aimOf(panel, limits);
  const { hold } = panel;
  if (hold === undefined || panel.changes.targetTemperature !== hold.made) return aim;
  return celsius(Math.min(aim, aimOf(hold.before, limits)));
}
