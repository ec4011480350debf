/**
 * Formats numbers and texts for all screens.
 *
 * Guarantee: texts are short and readable for every value: one decimal, never "NaN", never "-0.0".
 */

import type { LinkState, UpdateProgress } from "../../control/input.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import { type FaultCode, faultEffects } from "../../model/faults.ts";

/** @returns the temperature in the unit shown, e.g. "20.4", "-3.5"; "--.-" when there is no value. */
export function temperatureText(celsius: number | undefined, unit: ScreenModel["unit"]): string {
  if (celsius === undefined || !Number.isFinite(celsius)) return "--.-";
  const value = unit === "F" ? (celsius * 9) / 5 + 32 : celsius;
  const tenths = Math.round(Math.min(999.9, Math.max(-99.9, value)) * 10);
  return (tenths / 10).toFixed(1);
}

/** @returns the percentage as a whole number without "%", e.g. "45"; "--" when there is no value. */
export function percentText(percent: number | undefined): string {
  if (percent === undefined || !Number.isFinite(percent)) return "--";
  return String(Math.round(Math.min(100, Math.max(0, percent))));
}

/** @returns the firmware version, with a leading "v" before a digit, cut to `length` characters. */
export function versionText(firmware: string, length: number): string {
  return (/^\d/.test(firmware) ? `v${firmware}` : firmware).slice(0, length);
}

const linkTexts: Record<LinkState, string> = {
  none: "Local",
  connecting: "Linking",
  online: "Online",
  offline: "Offline",
};

/** @returns the link state in at most 7 characters. */
export const linkText = (link: LinkState): string => linkTexts[link];

/** @returns the progress of an update, in at most 10 characters. */
export function updateText({ state, percent }: UpdateProgress): string {
  // At most 99 while downloading: 100 would mean that the update is done.
  if (state === "downloading") return `Update ${Math.min(99, Math.floor(Math.max(0, percent)))}%`;
  return { installing: "Installing", starting: "Restarting", "on-trial": "On trial" }[state];
}

/** @returns the fault in at most 16 characters. */
export const faultText = (fault: FaultCode): string => faultEffects[fault].short;

/** @returns the number of active faults besides the one shown, e.g. "+2"; "" when there are none. */
export const furtherFaultsText = ({ faultCount }: ScreenModel): string =>
  faultCount > 1 ? `+${Math.min(9, faultCount - 1)}` : "";
