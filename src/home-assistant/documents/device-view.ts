/**
 * Folder documents/: what the device says to Home Assistant, and how its commands are read.
 *
 * The device as the documents for Home Assistant need it, and what follows from it for a thermostat there.
 *
 * A thermostat in Home Assistant has one mode; here are two values and perhaps a schedule:
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
  /** `undefined` on a unit that takes no updates. */
  readonly firmware: FirmwareReport | undefined;
}

export const modes = ["off", "heat", "auto"] as const;
export type Mode = (typeof modes)[number];

/** Home Assistant adds "none" by itself. */
export const presetModes = ["comfort", "eco", "away", "boost"] as const satisfies readonly Preset[];

export const hasSchedule = ({ values }: InForce): boolean => pointsOf(values.schedule).length > 0;

export function modeOf(inForce: InForce): Mode {
  const { values } = inForce;
  if (values.controlMode === "manual") return values.heaterSwitch ? "heat" : "off";
  return hasSchedule(inForce) && !isHeld(inForce) ? "auto" : "heat";
}

/** The set-point holds until somebody ends that: no schedule is followed. */
const isHeld = ({ values, setPoint: { from } }: InForce): boolean =>
  values.setPointHold === "permanent" && (from === "hold" || from === "boost");

/** What somebody chose; comfort and eco are also a set-point of that temperature set by hand. */
export function presetOf({ setPoint: { from }, aim, presets }: InForce): Preset {
  if (from === "boost" || from === "away") return from;
  if (from === "schedule") return "none";
  if (aim === presets.comfort) return "comfort";
  return aim === presets.eco ? "eco" : "none";
}
