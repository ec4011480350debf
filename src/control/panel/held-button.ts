/**
 * A or B held down: changes are shown at once, and can be undone.
 *
 * Guarantee (SR-13): a stuck button switches nothing on, and its changes are undone. While a button is down the heating
 * law's target is at most the one before the press; a stuck button restores set-point, hold and boost, unless another source
 * has set them meanwhile.
 */

import type { Celsius, Millis } from "../../base/units.ts";
import { celsius } from "../../base/units.ts";
import type { Change } from "../input.ts";
import type { Scheduling, SetPointHold } from "../schedule/schedule.ts";
import { type Boost, effectiveTarget } from "./boost.ts";
import type { SetPointLimits } from "./set-point.ts";

/** The part of the panel that a held button can change. */
interface PanelPart {
  readonly values: { readonly targetTemperature: Celsius };
  readonly boost: Boost | undefined;
  readonly scheduling: Scheduling;
  readonly changes: { readonly targetTemperature: Change; readonly controlMode: Change };
}

export interface HeldButton {
  /** The state before the press. */
  readonly before: PanelPart;
  /** The newest change of the set-point by the button: a later one is from another source. */
  readonly ownChange: Change;
}

/** Call it after a change `after` by the button. A change by another source meanwhile becomes the state to restore. */
export function noteHeldButton(
  held: HeldButton | undefined,
  present: PanelPart,
  after: PanelPart,
): HeldButton {
  const { values, boost, scheduling, changes } = present;
  const isContinued = held !== undefined && changes.targetTemperature === held.ownChange;
  return {
    before: isContinued ? held.before : { values, boost, scheduling, changes },
    ownChange: after.changes.targetTemperature,
  };
}

/** @returns the values to restore, or `undefined` when another source has set the set-point since */
export function valuesBefore(
  held: HeldButton,
  present: PanelPart,
  now: Millis,
):
  | { readonly target: Celsius; readonly boost: Boost | undefined; readonly hold: SetPointHold | undefined }
  | undefined {
  if (present.changes.targetTemperature !== held.ownChange) return undefined;
  const { values, boost, scheduling, changes } = held.before;
  const isSameMode = present.changes.controlMode === changes.controlMode;
  const lasts = boost !== undefined && now < boost.until && isSameMode;
  return {
    target: values.targetTemperature,
    boost: present.boost ?? (lasts ? boost : undefined),
    hold: scheduling.hold,
  };
}

/** The heating law's target: that on the screen, but while a button is held at most the one before. */
export function lawTarget(
  panel: PanelPart & { readonly held: HeldButton | undefined },
  limits: SetPointLimits,
): Celsius {
  const aim = effectiveTarget(panel, limits);
  const { held } = panel;
  if (held === undefined || panel.changes.targetTemperature !== held.ownChange) return aim;
  return celsius(Math.min(aim, effectiveTarget(held.before, limits)));
}
