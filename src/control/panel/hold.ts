/**
 * A or B held down: changes are shown at once, and can be undone.
 *
 * Guarantee (SR-13): a stuck button switches nothing on, and its changes are undone. While a button is down the heating
 * law's target is at most the one before the press; a stuck button restores set-point and boost, unless another source
 * has set them meanwhile.
 */

import type { Celsius, Millis } from "../../base/units.ts";
import { celsius } from "../../base/units.ts";
import type { Change } from "../input.ts";
import { type Boost, effectiveTarget } from "./boost.ts";
import type { SetPointLimits } from "./set-point.ts";

/** The part of the panel that a hold can change. */
interface PanelPart {
  readonly values: { readonly targetTemperature: Celsius };
  readonly boost: Boost | undefined;
  readonly changes: { readonly targetTemperature: Change; readonly controlMode: Change };
}

export interface Hold {
  /** The state before the press. */
  readonly before: PanelPart;
  /** The newest change of the set-point by the hold: a later one is from another source. */
  readonly ownChange: Change;
}

/** Call it after a change `after` by the button. A change by another source meanwhile becomes the state to restore. */
export function noteHold(hold: Hold | undefined, present: PanelPart, after: PanelPart): Hold {
  const { values, boost, changes } = present;
  const goesOn = hold !== undefined && changes.targetTemperature === hold.ownChange;
  return {
    before: goesOn ? hold.before : { values, boost, changes },
    ownChange: after.changes.targetTemperature,
  };
}

/** @returns the values to restore, or `undefined` when another source has set the set-point since */
export function valuesBefore(
  hold: Hold,
  present: PanelPart,
  now: Millis,
): { readonly target: Celsius; readonly boost: Boost | undefined } | undefined {
  if (present.changes.targetTemperature !== hold.ownChange) return undefined;
  const { values, boost, changes } = hold.before;
  const isSameMode = present.changes.controlMode === changes.controlMode;
  const lasts = boost !== undefined && now < boost.until && isSameMode;
  return { target: values.targetTemperature, boost: present.boost ?? (lasts ? boost : undefined) };
}

/** The heating law's target: that on the screen, but while a button is held at most the one before. */
export function lawTarget(
  panel: PanelPart & { readonly hold: Hold | undefined },
  limits: SetPointLimits,
): Celsius {
  const aim = effectiveTarget(panel, limits);
  const { hold } = panel;
  if (hold === undefined || panel.changes.targetTemperature !== hold.ownChange) return aim;
  return celsius(Math.min(aim, effectiveTarget(hold.before, limits)));
}
