/** SR-09: below `frostOn` the heater runs up to `frostOff`: always in auto, in manual only if enabled. */

import type { Celsius } from "../../base/units.ts";
import type { Settings } from "../../model/settings-table.ts";
import type { ControlMode } from "../input.ts";

/** @returns whether frost protection calls for heat. @param temperature from a trusted sensor */
export function stepFrost(
  active: boolean,
  temperature: Celsius,
  mode: ControlMode,
  settings: Pick<Settings, "frostOn" | "frostOff" | "frostInManual">,
): boolean {
  if (mode === "manual" && !settings.frostInManual) return false;
  return temperature < (active ? settings.frostOff : settings.frostOn);
}
