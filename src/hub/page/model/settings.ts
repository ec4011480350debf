/**
 * The settings of a device on this machine: their rows, in groups, and whether a value may be set.
 *
 * Guarantee: everything derives from the settings' table; a value is checked by the rules of the settings file.
 */
import type { Json } from "../../../base/json/value.ts";
import {
  defaultSettings,
  isSettingKey,
  parseSettings,
  type SettingKey,
  type Settings,
  settingKeys,
  settingSpec,
} from "../../../model/settings.ts";
import type { SettingsView } from "../../page-server/api-settings.ts";
import { shownUnit, shownValue, storedValue } from "./text/units.ts";
import { numberText, sentence } from "./text/words.ts";

/** Those that may change while the device runs, in the table's order. */
const liveKeys = settingKeys.filter((key) => !settingSpec(key).restart);
const isPolicy = (key: SettingKey): boolean => key.startsWith("conflict");

export const settingGroups: readonly { readonly title: string; readonly keys: readonly SettingKey[] }[] = [
  { title: "Who wins a conflict", keys: liveKeys.filter(isPolicy) },
  { title: "Settings", keys: liveKeys.filter((key) => !isPolicy(key)) },
];

/** @returns those in force; what this page does not know is left out */
export const settingsInForce = ({ changed }: SettingsView): Settings =>
  parseSettings(Object.fromEntries(Object.entries(changed).filter(([key]) => isSettingKey(key)))).settings;

/** @returns why this value may not be set beside the others; `undefined` when it may */
export function settingProblem(inForce: Settings, key: SettingKey, value: Json): string | undefined {
  const [problem] = parseSettings({ ...inForce, [key]: value }).problems;
  if (problem === undefined) return undefined;
  const { code, allowed } = problem;
  return sentence(code === "conflict" ? `this must hold: ${allowed}` : `outside of ${rangeText(key)}`);
}

const units = (unit: string): string => (unit === "/h" ? "an hour" : shownUnit(unit));

const unitIn = (key: SettingKey): string => {
  const spec = settingSpec(key);
  return spec.kind === "number" ? spec.unit : "";
};

/** A number in the unit of the page. */
export const shownSetting = (key: SettingKey, value: number): number => shownValue(value, unitIn(key));

/** The reverse, to the nearest of its steps where the unit is another one. */
export function storedSetting(key: SettingKey, shown: number): number {
  const spec = settingSpec(key);
  const unit = unitIn(key);
  if (spec.kind !== "number" || shownUnit(unit) === unit) return shown;
  return Number((Math.round(storedValue(shown, unit) / spec.step) * spec.step).toFixed(2));
}

export function settingUnit(key: SettingKey): string {
  const spec = settingSpec(key);
  return spec.kind === "number" ? units(spec.unit) : "";
}

/** Decimals of a number: as many as its steps have. */
export function settingPlaces(key: SettingKey): number {
  const spec = settingSpec(key);
  if (spec.kind !== "number") return 0;
  return spec.step % 1 === 0 ? 0 : spec.step < 0.1 ? 2 : 1;
}

export function rangeText(key: SettingKey): string {
  const spec = settingSpec(key);
  if (spec.kind !== "number") return "";
  const [low, high] = [spec.min, spec.max].map((limit) => plain(shownSetting(key, limit)));
  return `${low} to ${high} ${units(spec.unit)}`;
}

const plain = (value: number): string => numberText(Math.round(value * 100) / 100);

const words: Readonly<Record<string, string>> = {
  true: "On",
  false: "Off",
  C: "°C",
  F: "°F",
  "cloud-wins": "Cloud wins",
  "device-wins": "Device wins",
};

export function settingText(key: SettingKey, value: Json): string {
  if (typeof value === "number") return `${plain(shownSetting(key, value))} ${settingUnit(key)}`;
  const text = String(value);
  return words[text] ?? text.charAt(0).toUpperCase() + text.slice(1);
}

export const isDefault = (inForce: Settings, key: SettingKey): boolean =>
  inForce[key] === defaultSettings[key];

/** What stands below a setting: its default where another value is in force. */
export function defaultText(inForce: Settings, key: SettingKey): string {
  return isDefault(inForce, key) ? "Default" : `Default: ${settingText(key, defaultSettings[key])}`;
}
