/**
 * Folder model/: tables of the device's external interface; other forms derive from them.
 *
 * The table of settings with unit, default and limits. Type, defaults, validation, JSON schema and help text derive
 * from it.
 *
 * Guarantee: the defaults satisfy all limits and all rules between settings (tested).
 */
import type { Celsius, Kelvin } from "../base/units.ts";
import { celsius, kelvin } from "../base/units.ts";
import { displayKinds } from "./displays.ts";
import { type WritableName, writableNames, writableProperties } from "./properties.ts";
import type { Named } from "./rows.ts";

/** Durable by construction: settings are a file, which the firmware reads and never writes. */
interface Documented extends Named {
  /** Takes effect only at the next start; others may change at run time. */
  readonly restart: boolean;
}

export interface NumberSetting<T extends number = number> extends Documented {
  readonly kind: "number";
  readonly unit: "°C" | "K" | "s" | "min" | "h" | "/h" | "cycles" | "W";
  readonly default: T;
  readonly min: number;
  readonly max: number;
  /** Values are whole multiples of it. */
  readonly step: number;
}

export interface ChoiceSetting<T extends string = string> extends Documented {
  readonly kind: "choice";
  readonly choices: readonly T[];
  readonly default: T;
}

export interface SwitchSetting extends Documented {
  readonly kind: "switch";
  readonly default: boolean;
}

export interface NameSetting extends Documented {
  readonly kind: "name";
  readonly pattern: RegExp;
  /** The names in words. */
  readonly expected: string;
  /** Whether the name exists; absent: every name that matches the pattern is valid. */
  readonly isKnown?: (name: string) => boolean;
  readonly default: string;
}

export type SettingSpec = NumberSetting | ChoiceSetting | SwitchSetting | NameSetting;

type Range = readonly [min: number, max: number, step: number];

function temperature(
  value: number,
  [min, max, step]: Range,
  label: string,
  doc: string,
): NumberSetting<Celsius> {
  return { kind: "number", unit: "°C", default: celsius(value), min, max, step, label, doc, restart: false };
}
function difference(
  value: number,
  [min, max, step]: Range,
  label: string,
  doc: string,
): NumberSetting<Kelvin> {
  return { kind: "number", unit: "K", default: kelvin(value), min, max, step, label, doc, restart: false };
}
function quantity(
  unit: Exclude<NumberSetting["unit"], "°C" | "K">,
  value: number,
  [min, max, step]: Range,
  label: string,
  doc: string,
): NumberSetting {
  return { kind: "number", unit, default: value, min, max, step, label, doc, restart: false };
}
function choice<const T extends string>(
  choices: readonly T[],
  value: NoInfer<T>,
  label: string,
  doc: string,
): ChoiceSetting<T> {
  return { kind: "choice", choices, default: value, label, doc, restart: false };
}
function toggle(value: boolean, label: string, doc: string): SwitchSetting {
  return { kind: "switch", default: value, label, doc, restart: false };
}

type ConflictSettings = {
  readonly [K in WritableName as `conflict${Capitalize<K>}`]: ChoiceSetting<"cloud-wins" | "device-wins">;
};

/** The setting that decides conflicts of `name` between cloud and device (RR-4, RR-5). */
export const conflictKey = (name: WritableName) =>
  `conflict${name.charAt(0).toUpperCase()}${name.slice(1)}` as keyof ConflictSettings;

const conflict = (name: WritableName) =>
  choice(
    ["cloud-wins", "device-wins"],
    "cloud-wins",
    `${writableProperties[name].label}: conflicts`,
    `Whose ${writableProperties[name].label.toLowerCase()} wins when cloud and device both changed it while offline.`,
  );

const conflictSettings = Object.fromEntries(
  writableNames.map((name) => [conflictKey(name), conflict(name)]),
) as unknown as ConflictSettings;

function isTimeZone(name: string): boolean {
  if (name === "auto") return true;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const { targetTemperature, controlMode, sensorOffset } = writableProperties;

const lawDoc =
  "Heating control algorithm: `proportional` modulates the heater over time, `hysteresis` switches at a band.";

export const settingsTable = {
  board: {
    kind: "name",
    pattern: /^[a-z0-9][a-z0-9-]{0,62}$/,
    expected: "lower-case letters, digits and hyphens, at most 63",
    default: "auto",
    label: "Board",
    doc: "Board definition to use; `auto` uses the hat that is found, otherwise the virtual one.",
    restart: true,
  },
  gpioBackend: {
    ...choice(
      ["auto", "sysfs", "chardev"],
      "auto",
      "GPIO interface",
      "The kernel interface to the GPIO lines; `auto` uses sysfs, and the character device where sysfs is missing.",
    ),
    restart: true,
  },
  targetInitial: temperature(
    targetTemperature.default,
    [4, 35, 0.1],
    "Initial set-point",
    "Set-point of a device that has never been set.",
  ),
  targetMin: temperature(
    targetTemperature.schema.min,
    [4, 30, 0.1],
    "Lowest set-point",
    "Lowest set-point that buttons and cloud can choose.",
  ),
  targetMax: temperature(
    targetTemperature.schema.max,
    [7, 35, 0.1],
    "Highest set-point",
    "Highest set-point that buttons and cloud can choose; a boost, 3 K above the set-point and in auto only, ends there too.",
  ),
  comfortTemperature: temperature(20, [4, 35, 0.1], "Comfort", "Set-point of the preset comfort."),
  ecoTemperature: temperature(17, [4, 35, 0.1], "Eco", "Set-point of the preset eco."),
  awayTemperature: temperature(
    12,
    [4, 35, 0.1],
    "Away",
    "Set-point while away; not outside of the limits of the set-point.",
  ),
  timeZone: {
    kind: "name",
    pattern: /^[A-Za-z][A-Za-z0-9_+/-]{0,62}$/,
    expected: "a time zone of the IANA database, such as Europe/Berlin, or auto",
    isKnown: isTimeZone,
    default: "auto",
    label: "Time zone",
    doc: "Of the schedule and of the hours for updates; `auto` takes the one of this machine.",
    restart: true,
  },
  targetStep: difference(
    0.5,
    [0.1, 1, 0.1],
    "Set-point step",
    "Change of the set-point by one press; 1 °F when the display is in °F.",
  ),
  modeInitial: choice(
    controlMode.schema.choices,
    controlMode.default,
    "Initial mode",
    "Mode of a device that has never been set.",
  ),
  law: choice(["proportional", "hysteresis"], "proportional", "Control algorithm", lawDoc),
  hysteresis: difference(
    0.3,
    [0.1, 2, 0.1],
    "Hysteresis",
    "Half the width of the band of the hysteresis law.",
  ),
  rippleLimit: difference(
    0.25,
    [0.05, 1, 0.05],
    "Ripple limit",
    "Largest swing of the room with the heater's cycles, peak to peak: the longer a cycle may be, the longer the relay lasts.",
  ),
  maxStartsPerHour: quantity(
    "/h",
    7,
    [2, 7, 1],
    "Starts an hour",
    "Most starts of the heater in an hour, also where the swing is larger than rippleLimit.",
  ),
  optimumStart: toggle(
    false,
    "Optimum start",
    "Heats before a higher point of the schedule, so that the room is warm at its time, once the room is learned.",
  ),
  windowDetection: toggle(
    true,
    "Window detection",
    "Heat pauses, for half an hour at most, when the room cools as by an open window.",
  ),
  // The heating law limits relay cycles itself, by rippleLimit and maxStartsPerHour. Longer minimum times only
  // add ripple: with 240 s each, a 2 kW fan heater swings the room by 1.8 K instead of 0.55.
  minimumOnSeconds: quantity(
    "s",
    60,
    [10, 1200, 1],
    "Minimum on time",
    "Shortest time that the heater stays on.",
  ),
  minimumOffSeconds: quantity(
    "s",
    120,
    [10, 1200, 1],
    "Minimum off time",
    "Shortest time that the heater stays off.",
  ),
  cutOff: temperature(
    35,
    [20, 50, 0.5],
    "Cut-off temperature",
    "At this temperature heat stops; if this heater was on within six hours, until a person clears the fault.",
  ),
  frostOn: temperature(
    5,
    [1, 10, 0.5],
    "Frost protection starts",
    "Frost protection heats below this temperature.",
  ),
  frostOff: temperature(
    7,
    [2, 15, 0.5],
    "Frost protection ends",
    "Frost protection heats up to this temperature.",
  ),
  frostInManual: toggle(false, "Frost protection in manual", "Frost protection also acts in manual mode."),
  sensorOffset: difference(
    sensorOffset.default,
    [sensorOffset.schema.min, sensorOffset.schema.max, 0.1],
    "Sensor offset",
    "Added to every reading, to calibrate the sensor.",
  ),
  // At most 15 s: three readings in a row must fit into the 60 s after which the sensor is stale. At least 1 s: the
  // SHT31 heats itself (data sheet, 4.8).
  sensorPeriodSeconds: {
    ...quantity("s", 2, [1, 15, 1], "Sensor period", "Time between two readings of the sensor."),
    restart: true,
  },
  relayLife: {
    ...quantity(
      "cycles",
      100_000,
      [1000, 10_000_000, 1000],
      "Relay life",
      "Cycles that the relay's contact is made for at this load, by its data sheet; after as many it is reported as worn.",
    ),
    restart: true,
  },
  heaterPower: quantity(
    "W",
    0,
    [0, 30_000, 10],
    "Heater power",
    "Electrical power of the heater while it is on, for the energy in the history; 0: unknown.",
  ),
  ineffectiveAfterMinutes: quantity(
    "min",
    60,
    [30, 240, 1],
    "Heater test after",
    "Time of heating without an effect after which the heater is tested.",
  ),
  display: {
    ...choice(
      ["auto", ...displayKinds, "none"],
      "auto",
      "Display",
      "The connected display; `auto` searches for one, `none` means that there is none.",
    ),
    restart: true,
  },
  page: {
    ...choice(
      ["local", "lan", "off"],
      "local",
      "Page",
      "Who reaches the device's page: `local` this machine, `lan` with a password every machine of its networks; `off` nobody.",
    ),
    restart: true,
  },
  displayUnit: choice(
    ["C", "F"],
    "C",
    "Display unit",
    "Unit of the temperatures on the screen and the page.",
  ),
  dimAfterSeconds: quantity(
    "s",
    60,
    [0, 3600, 1],
    "Dim after",
    "Time without a button press until the screen dims; 0 never.",
  ),
  buttonsLocked: toggle(false, "Button lock", "Buttons only wake the screen: a child lock."),
  ...conflictSettings,
  updateFromHour: quantity(
    "h",
    0,
    [0, 23, 1],
    "Updates from",
    "Updates start from this hour of the day on, by the setting timeZone.",
  ),
  updateUntilHour: quantity(
    "h",
    24,
    [1, 24, 1],
    "Updates until",
    "Updates start until this hour; before the first one it is that of the next day. 0 to 24: at any time.",
  ),
  updateDeferralHours: quantity(
    "h",
    6,
    [0, 72, 1],
    "Update deferral",
    "Longest time that an update waits for the heater to be off; outside of its hours a day longer.",
  ),
  logLevel: {
    ...choice(["debug", "info", "warn", "error"], "info", "Log level", "Minimum log level that is written."),
    restart: true,
  },
} as const satisfies Readonly<Record<string, SettingSpec>>;

export type SettingKey = keyof typeof settingsTable;

type Value<S> =
  S extends NumberSetting<infer T>
    ? T
    : S extends ChoiceSetting<infer T>
      ? T
      : S extends SwitchSetting
        ? boolean
        : string;

/** Values in force, in the units of the table. */
export type Settings = { readonly [K in SettingKey]: Value<(typeof settingsTable)[K]> };

export const settingKeys = Object.keys(settingsTable) as readonly SettingKey[];

/** The table's row for `key`, whatever its kind. */
export const settingSpec = (key: SettingKey): SettingSpec => settingsTable[key];

export const defaultSettings: Settings = Object.freeze(
  Object.fromEntries(settingKeys.map((key) => [key, settingsTable[key].default])),
) as Settings;
