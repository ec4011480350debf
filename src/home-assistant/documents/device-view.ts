/**
 * Folder documents/: the documents that the device publishes to Home Assistant, and the parsing of its commands.
 *
 * The values of the device that the documents need, and the thermostat modes that follow from them.
 *
 * A thermostat in Home Assistant has one mode; this device has two values and perhaps a schedule:
 *
 * | Home Assistant | here                                                                             |
 * | -------------- | -------------------------------------------------------------------------------- |
 * | off            | manual, heater switch off; frost protection then only where the settings want it |
 * | heat           | auto, and the set-point holds; also manual with the heater switch on             |
 * | auto           | auto, by the schedule; offered only where there is one                           |
 */

import type { StepSummary } from "../../control/step-summary.ts";
import type { InForce } from "../../control/twin/in-force.ts";
import type { FirmwareReport, Preset, ReadOnlyValues } from "../../model/cloud-model.ts";
import type { FaultCode } from "../../model/faults.ts";
import { pointsOf } from "../../model/week.ts";

export interface DeviceView {
  readonly inForce: InForce;
  /** Most severe first. */
  readonly activeFaults: readonly FaultCode[];
  /** Of the latest step; `undefined` before the first. */
  readonly summary: StepSummary | undefined;
  /** Counters and the machine's health. */
  readonly readings: Partial<ReadOnlyValues>;
  /** `undefined` on a unit without updates. */
  readonly firmware: FirmwareReport | undefined;
}

export const modes = ["off", "heat", "auto"] as const;
export type Mode = (typeof modes)[number];

/** Without "none", which Home Assistant adds by itself. */
export const presetModes = ["comfort", "eco", "away", "boost"] as const satisfies readonly Preset[];

export const hasSchedule = ({ values }: InForce): boolean => pointsOf(values.schedule).length > 0;

export function modeOf(inForce: InForce): Mode {
  const { values } = inForce;
  if (values.controlMode === "manual") return values.heaterSwitch ? "heat" : "off";
  return hasSchedule(inForce) && !isHeld(inForce) ? "auto" : "heat";
}

/** The set-point is held until that is ended: no schedule is followed. */
const isHeld = ({ values, setPoint: { from } }: InForce): boolean =>
  values.setPointHold === "permanent" && (from === "hold" || from === "boost");

/** The preset in use; comfort and eco also when their temperature was set by hand. */
export function presetOf({ setPoint: { from }, aim, presets }: InForce): Preset {
  if (from === "boost" || from === "away") return from;
  if (from === "schedule") return "none";
  if (aim === presets.comfort) return "comfort";
  return aim === presets.eco ? "eco" : "none";
}
